// A file for whoever asked for it: shared where an app can't save files, else saved.
import { launch } from '../lib/telegram.js';

/** @param {string} text @param {string} name */
export async function saveCsv(text, name) {
  const file = new File([text], name, { type: 'text/csv' });
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
