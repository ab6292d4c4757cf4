// A Telegram client as the page sees one: it answers what a client answers and keeps what it was told. __OPTIONS__ is filled in.
(() => {
  const options = __OPTIONS__;
  const told = (window.told = []);
  const emit = (type, data) => setTimeout(() => window.Telegram?.WebView?.receiveEvent(type, data), 0);
  window.emit = emit;
  const answers = {
    web_app_request_theme: () => emit('theme_changed', { theme_params: options.theme }),
    web_app_request_viewport: () =>
      emit('viewport_changed', { height: innerHeight, width: innerWidth, is_expanded: true, is_state_stable: true }),
    web_app_request_safe_area: () => emit('safe_area_changed', { top: 20, bottom: 34, left: 0, right: 0 }),
    web_app_request_content_safe_area: () => emit('content_safe_area_changed', { top: 44, bottom: 0, left: 0, right: 0 }),
    web_app_invoke_custom_method: ({ req_id }) => emit('custom_method_invoked', { req_id, result: {} }),
  };
  window.TelegramWebviewProxy = {
    postEvent(type, text) {
      const data = text ? JSON.parse(text) : {};
      told.push([type, data]);
      answers[type]?.(data);
    },
  };
})();
