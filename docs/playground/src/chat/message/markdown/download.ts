/** Saves a text as a file of the user. */
export const saveText = (name: string, text: string, type = 'text/plain') => saveBlob(name, new Blob([text], { type }));

export function saveBlob(name: string, blob: Blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has read the address when the click returns; some start the download a moment later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
