/** Which variables the remote command has. */
import { plain, type Row } from '../row.ts';

export const environmentRows: readonly Row[] = [
  plain(
    'SendEnv sends what fits, and no more',
    ['-o', 'SendEnv=FID_?', 'box', 'echo "$FID_A-$FID_BB-$FID_C"'],
    { env: { FID_A: 'a  b', FID_BB: 'not sent', FID_C: 'ü' } },
  ),
  plain('SendEnv sends an empty variable', ['-o', 'SendEnv=FID_A', 'box', 'echo ${FID_A-unset}'], {
    env: { FID_A: '' },
  }),
  plain(
    'SendEnv takes names back',
    [...['-o', 'SendEnv=FID_A FID_B', '-o', 'SendEnv=-FID_B', 'box', 'echo "$FID_A-$FID_B"']],
    { env: { FID_A: 'a', FID_B: 'b' } },
  ),
  plain('SetEnv sets', ['-o', 'SetEnv=FID_A="two words"', 'box', 'echo "$FID_A"']),
  plain(
    'SetEnv and SendEnv of one name',
    ['-o', 'SetEnv=FID_A=set', '-o', 'SendEnv=FID_A', 'box', 'echo "$FID_A"'],
    { env: { FID_A: 'sent' } },
  ),
  plain('what the server does not accept does not arrive', [
    ...['-o', 'SetEnv=OTHER=x', 'box', 'echo "${OTHER-unset}"'],
  ]),
  plain('LANG is not sent unless that is configured', ['box', 'echo "${LANG-unset}"'], {
    env: { LANG: 'de_DE.UTF-8' },
  }),
  plain('LANG is sent where it is configured', ['-o', 'SendEnv=LANG', 'box', 'echo "$LANG"'], {
    env: { LANG: 'de_DE.UTF-8' },
  }),
  plain('TERM is not sent without a terminal', ['box', 'env | grep ^TERM='], {
    env: { TERM: 'fid-term' },
  }),
  plain('TERM is sent with a terminal', ['-tt', 'box', 'env | grep ^TERM='], {
    env: { TERM: 'fid-term' },
  }),
  plain('SSH_TTY is there with a terminal alone', ['box', 'echo "${SSH_TTY-unset}"']),
];
