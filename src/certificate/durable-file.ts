import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** As of `stat`; owner and group are those of the process unless given. */
export type FileRights = { readonly mode: number; readonly uid?: number; readonly gid?: number };

/** Whoever opens a file by this name finds the old text or the new one, complete, also after a power cut. */
export const replaceFile = async (
  path: string,
  text: string,
  { mode, uid, gid }: FileRights,
): Promise<void> => {
  const draft = `${path}.draft`;
  try {
    const file = await open(draft, 'w', mode & 0o777);
    try {
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid);
      await file.chmod(mode & 0o777);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
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
