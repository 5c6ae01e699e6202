#!/usr/bin/env python3
"""Draws docs/link.svg: what is reused when the base image changes, with plain and with linked copies.

usage: docs/picture.py > docs/link.svg"""

W, H = 760, 300
INK, SOFT, LINE = "#1b1f27", "#545c6b", "#b8bfca"
REUSED, AGAIN, BASE = "#dcf3e4", "#fbe0e1", "#dfeafb"

# The layers of an image from below, with what happens to them when the base image changes.
PLAIN = [("FROM debian:12", "changed", BASE), ("RUN apt-get install …", "run again", AGAIN),
         ("COPY app /srv/app", "copied and pushed again", AGAIN), ("COPY conf /etc/app/", "copied and pushed again", AGAIN)]
LINKED = [("FROM debian:12", "changed", BASE), ("RUN apt-get install …", "run again", AGAIN),
          ("COPY --link app /srv/app", "reused", REUSED), ("COPY --link conf /etc/app/", "reused", REUSED)]


def text(x, y, words, size=14, ink=INK, weight="400", family="ui-monospace, Menlo, Consolas, monospace"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}" font-weight="{weight}" font-family="{family}">{words}</text>'


def image(x, title, layers):
    sans = "system-ui, sans-serif"
    out = [text(x, 34, title, 16, weight="600", family=sans)]
    for at, (instruction, result, ground) in enumerate(layers):
        y = 226 - at * 56
        out.append(f'<rect x="{x}" y="{y}" width="350" height="48" rx="6" fill="{ground}" stroke="{LINE}"/>')
        out.append(text(x + 14, y + 21, instruction))
        out.append(text(x + 14, y + 39, result, 12, SOFT, family=sans))
    return out


def main():
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" role="img" '
          'aria-label="When the base image changes, plain copies are made and pushed again; linked copies are reused">')
    print(f'<rect width="{W}" height="{H}" fill="#ffffff"/>')
    for line in image(20, "Plain copies", PLAIN) + image(390, "Linked copies", LINKED):
        print(line)
    print("</svg>")


main()
