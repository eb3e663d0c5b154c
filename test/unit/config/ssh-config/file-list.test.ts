import { expect, test } from 'vitest';
import { splitFileList } from '../../../../src/config/ssh-config/file-list.ts';

test.each([
  ['/a /b', ['/a', '/b']],
  ['/a b/kh /c', ['/a b/kh', '/c']],
  ['/a  b /c', ['/a  b', '/c']],
  ['~/a b ~/c', ['~/a b', '~/c']],
  ['rel /c', ['rel', '/c']],
])('if none of the files exists, %j is read as %j', (printed, paths) => {
  expect(splitFileList(printed, () => false)).toEqual(paths);
});

test.each([
  ['/a rel', ['/a', 'rel'], ['/a']],
  ['/a b/kh /c', ['/a b/kh', '/c'], ['/a b/kh']],
  ['/a /b /c', ['/a /b', '/c'], ['/a /b']],
  ['/a b c', ['/a b', 'c'], ['/a', '/a b']],
  ['/a b/kh', ['/a b/kh'], ['b/kh']],
])('%j is read as %j if %j exist', (printed, paths, existing) => {
  expect(splitFileList(printed, (path) => existing.includes(path))).toEqual(paths);
});
