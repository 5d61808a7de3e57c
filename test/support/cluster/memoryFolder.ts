/** Where Linux keeps files in memory. */
export const memoryFolder = '/dev/shm';
