/**
 * CodeMirror writes its styles at run time. The page's policy forbids <style> made at run time, but constructed style
 * sheets are allowed, and CodeMirror uses those inside a shadow root: so every editor lives in one.
 */
export function editorRoot(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: "open", delegatesFocus: true });
}
