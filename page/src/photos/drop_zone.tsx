import { useEffect, useRef, useState } from "preact/hooks";

import { texts } from "../texts";
import { droppedFiles } from "./files";

interface Props {
  onFiles: (files: File[]) => void;
  isSmall: boolean;
}

/** Takes photos by drag and drop, by paste, and by two buttons. */
export function DropZone({ onFiles, isSmall }: Props) {
  const [isOver, setIsOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const newest = useRef(onFiles);
  newest.current = onFiles;

  useEffect(() => {
    folder.current?.setAttribute("webkitdirectory", "");
    const paste = (event: ClipboardEvent) => {
      const pasted = [...(event.clipboardData?.files ?? [])];
      if (pasted.length > 0) newest.current(pasted);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);

  function chosen(event: { currentTarget: HTMLInputElement }) {
    onFiles([...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = ""; // so that the same choice counts again
  }

  return (
    <div
      class={`drop${isOver ? " over" : ""}${isSmall ? " small" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      <p>{texts.photos.drop}</p>
      <p class="buttons">
        <button class="main" onClick={() => files.current?.click()}>
          {texts.photos.files}
        </button>
        <button onClick={() => folder.current?.click()}>{texts.photos.folder}</button>
      </p>
      <p class="quiet">{texts.photos.kinds}</p>
      <input ref={files} type="file" multiple hidden accept="image/*,.heic,.heif,.avif" onChange={chosen} />
      <input ref={folder} type="file" multiple hidden onChange={chosen} />
    </div>
  );
}
