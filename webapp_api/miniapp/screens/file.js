// A file for whoever asked for it: shared where an app can't save files, else saved.
import { launch } from '../lib/telegram.js';

/** @param {string} text @param {string} name @param {string} type */
export async function saveFile(text, name, type) {
  const file = new File([text], name, { type });
  if (launch.inTelegram && navigator.canShare?.({ files: [file] })) {
    return navigator.share({ files: [file] }).catch(error => {
      if (error.name !== 'AbortError') throw error;
    });
  }
  const url = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
