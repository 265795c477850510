namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Splits a template into text and tags, with <c>trim_blocks</c> and <c>lstrip_blocks</c> on; <see cref="TagLexer"/> reads the tags.
/// </summary>
internal sealed class Lexer
{
    private readonly string source;
    private readonly List<Token> tokens = [];
    private readonly int limit;
    private int at;
    private int line = 1;
    private bool lineStarts = true;

    private Lexer(string source, int limit) => (this.source, this.limit) = (source, limit);

    public static List<Token> Read(string source, int limit)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new Lexer(source, limit);
        while (lexer.at < source.Length)
            lexer.ReadNext();
        lexer.tokens.Add(new Token(TokenKind.End, "", lexer.line));
        return lexer.tokens;
    }

    private void ReadNext()
    {
        int tag = FindTag();
        if (tag < 0)
        {
            AddData(source[at..]);
            at = source.Length;
            return;
        }
        char kind = source[tag + 1];
        int inside = tag + 2;
        char sign = inside < source.Length && source[inside] is '-' or '+' ? source[inside++] : ' ';
        string text = source[at..tag];
        AddData(Strip(text, sign, isVariable: kind == '{'), text);
        int rawBody = kind == '%' ? RawBegin(inside) : -1;
        at = rawBody >= 0 ? rawBody : inside;
        line += CountLines(tag, at);
        lineStarts = source[at - 1] == '\n';
        if (rawBody >= 0)
            ReadRaw();
        else if (kind == '#')
            ReadComment();
        else
            ReadTag(kind);
    }

    private int FindTag()
    {
        for (int i = source.IndexOf('{', at); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
        {
            if (source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return -1;
    }

    /// <summary>
    /// What is left of the text before a tag: all space goes for "-"; the indent goes for a block or comment that starts its line.
    /// </summary>
    private string Strip(string text, char sign, bool isVariable)
    {
        if (sign == '-')
        {
            int end = text.Length;
            while (end > 0 && Characters.IsSpace(text[end - 1]))
                end--;
            return text[..end];
        }
        int start = text.LastIndexOf('\n') + 1;
        bool strips = sign != '+' && !isVariable && (start > 0 || lineStarts) && text.AsSpan(start).ContainsOnlySpace();
        return strips ? text[..start] : text;
    }

    /// <summary>Where the text of a raw block begins, or -1 if this is no raw block.</summary>
    private int RawBegin(int inside)
    {
        int i = SkipSpace(inside);
        if (!StartsWith(i, "raw"))
            return -1;
        i = SkipSpace(i + 3);
        return StartsWith(i, "-%}") ? SkipSpace(i + 3)
            : StartsWith(i, "%}") ? i + 2
            : -1;
    }

    private void ReadRaw()
    {
        int begin = line;
        for (int i = source.IndexOf("{%", at, StringComparison.Ordinal); i >= 0; i = source.IndexOf("{%", i + 1, StringComparison.Ordinal))
        {
            int inside = i + 2;
            char sign = inside < source.Length && source[inside] is '-' or '+' ? source[inside++] : ' ';
            int name = SkipSpace(inside);
            if (!StartsWith(name, "endraw") || EndOfTag(SkipSpace(name + 6), "%}", trims: true) is not int end)
                continue;
            AddData(Strip(source[at..i], sign, isVariable: false), source[at..i]);
            line += CountLines(i, end);
            (at, lineStarts) = (end, source[end - 1] == '\n');
            return;
        }
        if (at < source.Length)
            throw Fault("the end of the raw block is missing", begin);
    }

    private void ReadComment()
    {
        int begin = line;
        for (int i = at; i < source.Length; i++)
        {
            if (EndOfTag(i, "#}", trims: true) is not int end)
                continue;
            line += CountLines(at, end);
            (at, lineStarts) = (end, source[end - 1] == '\n');
            return;
        }
        if (at < source.Length)
            throw Fault("the end of the comment is missing", begin);
    }

    private void ReadTag(char kind)
    {
        bool isBlock = kind == '%';
        tokens.Add(new Token(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, isBlock ? "{%" : "{{", line));
        var tag = new TagLexer(source, at, line, tokens, limit);
        while (true)
        {
            if (at >= source.Length)
                return;
            if (tag.IsBalanced && EndOfTag(at, isBlock ? "%}" : "}}", trims: isBlock) is int end)
            {
                tokens.Add(new Token(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, isBlock ? "%}" : "}}", line));
                line += CountLines(at, end);
                (at, lineStarts) = (end, source[end - 1] == '\n');
                return;
            }
            tag.ReadOne();
            (at, line) = (tag.At, tag.Line);
        }
    }

    /// <summary>
    /// Where a tag's end leaves off, or null: "-" takes all space after it,
    /// "+" (not for variables) keeps the line end that is dropped else.
    /// </summary>
    private int? EndOfTag(int i, string close, bool trims)
    {
        if (StartsWith(i, "-" + close))
            return SkipSpace(i + 1 + close.Length);
        if (trims && StartsWith(i, "+" + close))
            return i + 1 + close.Length;
        if (!StartsWith(i, close))
            return null;
        i += close.Length;
        return trims && i < source.Length && source[i] == '\n' ? i + 1 : i;
    }

    private void AddData(string text, string? whole = null)
    {
        if (text.Length > 0)
            tokens.Add(new Token(TokenKind.Data, text, line));
        line += (whole ?? text).AsSpan().Count('\n');
    }

    private bool StartsWith(int i, string text) => string.CompareOrdinal(source, i, text, 0, text.Length) == 0;

    private int SkipSpace(int i)
    {
        while (i < source.Length && Characters.IsSpace(source[i]))
            i++;
        return i;
    }

    private int CountLines(int from, int to) => source.AsSpan(from, to - from).Count('\n');

    private static TemplateFault Fault(string message, int line) => new(FaultKind.Syntax, message) { Line = line };
}
