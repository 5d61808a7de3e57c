/** Documents whose text is extracted, by file name extension. */
export const documentTypes = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
} as const;

export type DocumentFormat = keyof typeof documentTypes;

const formats = Object.keys(documentTypes) as DocumentFormat[];

/** The format of a stored document by its media type; undefined for text. */
export const documentFormatOf = (mimeType: string): DocumentFormat | undefined =>
  formats.find((format) => documentTypes[format] === mimeType);

/** Detects a document by its first bytes, and its extension or the declared type. */
export function detectDocument(head: Uint8Array, extension: string, claimed: string): DocumentFormat | undefined {
  const format = formats.find((each) => each === extension) ?? documentFormatOf(claimed.toLowerCase());
  const start = Buffer.from(head).toString('latin1', 0, 5);
  return format !== undefined && (format === 'pdf' ? start === '%PDF-' : start.startsWith('PK\x03\x04')) ? format : undefined;
}
