/** Photos out of what was dropped, pasted or chosen. */

const ENDINGS = /\.(jpe?g|png|webp|hei[cf]|avif|bmp|jfif)$/i;

export const isPhoto = (file: File): boolean =>
  file.type.startsWith("image/") || ENDINGS.test(file.name);

/** Return all files of a drop, those in folders too. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  // The list is empty once this function has waited, so it is read at once.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry());
  const loose = [...data.files];
  if (!entries.some((entry) => entry?.isDirectory)) return loose;
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (entry.isFile) {
    found.push(await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    }));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder is told in parts; an empty one is the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (part.length === 0) return;
    for (const inside of part) await collect(inside, found);
  }
}
