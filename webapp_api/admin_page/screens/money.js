import { html } from '../../miniapp/lib/html.js';
export const Money = () => html``;
