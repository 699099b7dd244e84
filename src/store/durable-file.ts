import { randomUUID } from 'node:crypto';
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../weather/format.ts';

/** As of `stat`; owner and group are those of the process unless given. */
type FileRights = { readonly mode: number; readonly uid?: number; readonly gid?: number };

/** Writes the text beside the file and has it put in place. Nothing stays of what fails. */
const writeBeside = async (
  draft: string,
  content: string | Uint8Array,
  { mode, uid, gid }: FileRights,
  putInPlace: () => Promise<void>,
): Promise<void> => {
  // Of a power cut, or a link that somebody else put there.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', mode & 0o777);
  try {
    try {
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid);
      await file.chmod(mode & 0o777);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await putInPlace();
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(draft));
};

/** Whoever opens a file by this name finds the old text or the new one, complete, also after a power cut. */
export const replaceFile = (
  path: string,
  content: string | Uint8Array,
  rights: FileRights,
): Promise<void> => {
  const draft = `${path}.draft`;
  return writeBeside(draft, content, rights, () => rename(draft, path));
};

const isTaken = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** FAT knows no second name of a file, and most USB sticks have it. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * A new file of this name, complete, or none: also on a full disk and after a power cut. Resolves with `false` where something has the
 * name already, which stays as it is.
 */
export const createFile = async (
  path: string,
  content: string | Uint8Array,
  { mode }: Pick<FileRights, 'mode'>,
  linkFile: typeof link = link,
): Promise<boolean> => {
  if (await isTaken(path)) return false;
  // Two at once must not write the same draft.
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    await writeBeside(draft, content, { mode }, async () => {
      try {
        await linkFile(draft, path);
      } catch (error) {
        if (!WITHOUT_LINKS.includes(errorCode(error))) throw error;
        await rename(draft, path);
        return;
      }
      await rm(draft);
    });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  return true;
};

/** What was renamed or removed in a folder stays so after a power cut. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
