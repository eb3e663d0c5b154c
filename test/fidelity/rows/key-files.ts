/** Key files that cannot be used, before one that can: the messages about them. */
import { row, type Row } from '../row.ts';

/** Makes a new key in `$DIR/key`. */
const NEW = 'ssh-keygen -q -t ed25519 -N "" -f $DIR/key';
/** Copies the key that the server accepts. */
const COPY = 'cp $KEY $DIR/key; cp $KEY.pub $DIR/key.pub';
const LOGIN = '$SSH -o BatchMode=yes -i $DIR/key box true';

const script = (...lines: readonly string[]): string => lines.join('\n');

export const keyFileRows: readonly Row[] = [
  row('a key file that others can read', script(COPY, 'chmod 644 $DIR/key', LOGIN)),
  row(
    'a key file in PEM that others can read',
    script(
      'ssh-keygen -q -t rsa -m PEM -N "" -f $DIR/key',
      'rm $DIR/key.pub',
      'chmod 640 $DIR/key',
      LOGIN,
    ),
  ),
  row('a damaged key file', script(NEW, 'rm $DIR/key.pub; truncate -s 200 $DIR/key', LOGIN)),
  row(
    'a damaged key file with the .pub file of a key that the server accepts',
    script(COPY, 'truncate -s 200 $DIR/key', LOGIN),
  ),
  row(
    'a key file with the .pub file of another key',
    script(NEW, 'cp $KEY.pub $DIR/key.pub', LOGIN),
  ),
  row('a file that is not a key', script('date > $DIR/key; chmod 600 $DIR/key', LOGIN)),
  row('a key file that is a directory', script('mkdir -m 700 $DIR/key', LOGIN)),
  row('a key file that is a public key', script('cp $KEY.pub $DIR/key; chmod 644 $DIR/key', LOGIN)),
  row('an encrypted key file with BatchMode', script(NEW.replace('""', 'sesame'), LOGIN)),
  row('VisualHostKey, at a login', script(COPY, `${LOGIN} -o VisualHostKey=yes`)),
  row('a key file of -i that does not exist', LOGIN),
  row('an IdentityFile that does not exist', '$SSH -o IdentityFile=$DIR/key box true'),
  row(
    'an IdentityFile below a file',
    'date > $DIR/file; $SSH -o IdentityFile=$DIR/file/key box true',
  ),
  row(
    'an IdentityFile that does not exist, with LogLevel ERROR',
    '$SSH -o LogLevel=ERROR -o IdentityFile=$DIR/key box true',
  ),
  row(
    'a key file that others can read, with -q',
    script(COPY, 'chmod 644 $DIR/key', `${LOGIN} -q`),
  ),
  row(
    'a key file that others can read, with -E',
    script(COPY, 'chmod 644 $DIR/key', '$SSH -E $DIR/log -i $DIR/key box true', 'cat $DIR/log'),
  ),
  row(
    'a key file with a relative name',
    script(COPY, 'chmod 644 $DIR/key', 'cd $DIR; $SSH -i key box true; $SSH -i ./key box true'),
  ),
  row(
    'the passphrase of a key file with a relative name',
    script(COPY, 'ssh-keygen -q -p -N sesame -f $DIR/key', 'cd $DIR; $SSH -i key box true'),
    { typed: [["for key 'key': ", 'sesame\n']] },
  ),
  row(
    'the passphrase of a key file that does not contain its public key',
    script(
      COPY,
      'ssh-keygen -q -p -m PKCS8 -N sesame -f $DIR/key',
      'rm $DIR/key.pub; $SSH -i $DIR/key box true',
    ),
    {
      typed: [
        ['for key', 'wrong\n'],
        ['for key', 'sesame\n'],
      ],
    },
  ),
];
