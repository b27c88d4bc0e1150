/* The editor of a scheme's text: CodeMirror over the textarea, which stays the form's field.
 *
 * It keeps no state of its own: what is typed goes into the textarea at once and its `input` event asks the
 * server what is wrong (htmx, on the textarea). The problems that come back stand in the list beside it; their
 * lines are read from there and marked here. Bundled by `make editor` into static/editor.min.js.
 */
import { basicSetup } from "codemirror";
import { yaml } from "@codemirror/lang-yaml";
import { indentUnit, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { indentWithTab } from "@codemirror/commands";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.string, tags.content, tags.attributeValue], color: "var(--text)" },
  { tag: tags.number, color: "var(--number)" },
  { tag: [tags.bool, tags.null, tags.keyword], color: "var(--word)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--quiet)" },
]);

const look = EditorView.theme({
  "&": { fontSize: "0.8125rem", color: "var(--ink)", backgroundColor: "var(--sheet)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", maxHeight: "70vh", minHeight: "24rem" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--quiet)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in oklab, var(--accent-soft) 60%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in oklab, var(--accent) 24%, var(--sheet)) !important" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--refused)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--unknown)" },
});

const severity = { problem: "error", warning: "warning", note: "info" };

function told(state) {
  return [...document.querySelectorAll("[data-problem]")].flatMap((item) => {
    const number = Number(item.dataset.line);
    if (!(number >= 1 && number <= state.doc.lines)) return [];
    const line = state.doc.line(number);
    const from = Math.min(line.to, line.from + Math.max(0, Number(item.dataset.column) - 1));
    return [{ from, to: Math.max(from, line.to), severity: severity[item.dataset.problem], message: item.innerText.trim() }];
  }).sort((one, other) => one.from - other.from);
}

function mark(view) {
  view.dispatch(setDiagnostics(view.state, told(view.state)));
}

function take(textarea) {
  const typed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    textarea.value = update.state.doc.toString();
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const keep = { key: "Mod-s", run: () => (textarea.form.requestSubmit(), true) };
  // In a shadow root its styles are constructed sheets; beside the page's own they would be inline, which
  // the policy forbids. Custom properties reach inside all the same.
  const root = textarea.parentElement.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        basicSetup, yaml(), indentUnit.of("  "), lintGutter(), syntaxHighlighting(colours), look, typed,
        EditorState.readOnly.of(textarea.readOnly),
        EditorView.contentAttributes.of({ "aria-label": textarea.labels[0]?.innerText ?? "" }),
        keymap.of([keep, indentWithTab]),
      ],
    }),
  });
  textarea.hidden = true;
  mark(view);
  document.addEventListener("htmx:after:swap", () => mark(view));
  document.addEventListener("click", (event) => {
    const place = event.target.closest("a[data-goto]");
    if (!place) return;
    event.preventDefault();
    const line = view.state.doc.line(Math.min(view.state.doc.lines, Number(place.dataset.goto)));
    view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    view.focus();
  });
}

document.querySelectorAll("textarea[data-editor]").forEach(take);
