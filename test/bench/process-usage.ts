import { readFile } from 'node:fs/promises';

/** USER_HZ, the unit of /proc/PID/stat on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of proc(5), counted from the field behind the name in brackets. */
const UTIME = 11;
const STIME = 12;

/** What a process has used of the processors until now. */
export const cpuSeconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
};

export const residentMegabytes = async (pid: number | 'self'): Promise<number> =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_000;
