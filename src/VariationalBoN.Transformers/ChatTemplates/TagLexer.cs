using System.Globalization;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Reads names, numbers, strings and operators inside a tag.</summary>
internal sealed class TagLexer(string source, int at, int line, List<Token> tokens, int limit)
{
    private static readonly string[] Operators =
    [
        "//",
        "**",
        "==",
        "!=",
        ">=",
        "<=",
        "+",
        "-",
        "/",
        "*",
        "%",
        "~",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ">",
        "<",
        "=",
        ".",
        ":",
        "|",
        ",",
        ";",
    ];

    private readonly Stack<char> open = [];

    public int At { get; private set; } = at;

    public int Line { get; private set; } = line;

    /// <summary>True where no bracket is open.</summary>
    public bool IsBalanced => open.Count == 0;

    /// <summary>Reads one token, or the space between two.</summary>
    public void ReadOne()
    {
        char first = source[At];
        if (Characters.IsSpace(first))
            Skip();
        else if (char.IsAsciiDigit(first))
            ReadNumber();
        else if (first is '\'' or '"')
            ReadString(first);
        else if (!ReadName())
            ReadOperator();
    }

    private void Skip()
    {
        for (; At < source.Length && Characters.IsSpace(source[At]); At++)
            Line += source[At] == '\n' ? 1 : 0;
    }

    private void ReadNumber()
    {
        int whole = Digits(At);
        bool afterDot = At > 0 && source[At - 1] == '.';
        int end = whole;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
            end = Digits(end + 1);
        int exponent = end + 1 < source.Length && source[end] is 'e' or 'E' ? end + (source[end + 1] is '+' or '-' ? 2 : 1) : source.Length;
        if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            end = Digits(exponent);
        if (!afterDot && end > whole)
        {
            string text = source[At..end].Replace("_", "", StringComparison.Ordinal);
            Add(TokenKind.Float, end, new FloatValue(double.Parse(text, CultureInfo.InvariantCulture)));
        }
        else
        {
            ReadInteger();
        }
    }

    private void ReadInteger()
    {
        if (source[At] == '0' && At + 1 < source.Length && "bBoOxX".Contains(source[At + 1], StringComparison.Ordinal))
        {
            int radix = char.ToUpperInvariant(source[At + 1]) switch
            {
                'B' => 2,
                'O' => 8,
                _ => 16,
            };
            int last = Digits(At + 2, radix, mayBeginWithLine: true);
            if (last > At + 2)
            {
                BigInteger number = 0;
                foreach (char digit in source[(At + 2)..last].Replace("_", "", StringComparison.Ordinal))
                    number = (number * radix) + Convert.ToInt32(digit.ToString(), 16);
                Add(TokenKind.Integer, last, IntegerValue.Of(Checked(number, last)));
                return;
            }
        }
        int end = source[At] == '0' ? Digits(At, 1) : Digits(At);
        string text = source[At..end].Replace("_", "", StringComparison.Ordinal);
        if (text.Length > limit)
            throw Fault($"an integer of more than {limit} digits");
        Add(TokenKind.Integer, end, IntegerValue.Of(BigInteger.Parse(text, CultureInfo.InvariantCulture)));
    }

    private BigInteger Checked(BigInteger number, int end) =>
        end - At <= limit ? number : throw Fault($"an integer of more than {limit} digits");

    /// <summary>The end of a run of digits with single underscores between them.</summary>
    private int Digits(int i, int radix = 10, bool mayBeginWithLine = false)
    {
        int start = i;
        while (i < source.Length)
        {
            if (IsDigit(source[i], radix))
                i++;
            else if (
                source[i] == '_'
                && (i > start || mayBeginWithLine)
                && source[i - 1] != '_'
                && i + 1 < source.Length
                && IsDigit(source[i + 1], radix)
            )
                i += 2;
            else
                break;
        }
        return i;
    }

    private static bool IsDigit(char digit, int radix) =>
        radix switch
        {
            16 => char.IsAsciiHexDigit(digit),
            _ => digit >= '0' && digit < '0' + radix,
        };

    private void ReadString(char quote)
    {
        int i = At + 1;
        while (i < source.Length && source[i] != quote)
            i += source[i] == '\\' ? 2 : 1;
        if (i >= source.Length)
            throw Fault("the end of the string is missing");
        string text;
        try
        {
            text = StringEscapes.Read(source.AsSpan(At + 1, i - At - 1));
        }
        catch (TemplateFault fault)
        {
            throw Fault(fault.Message);
        }
        Add(TokenKind.String, i + 1, new StringValue(text));
    }

    private bool ReadName()
    {
        int i = At;
        while (i < source.Length)
        {
            int code = Characters.At(source, i);
            if (!(i == At ? Characters.IsNameStart(code) : Characters.IsNamePart(code)))
                break;
            i += Characters.WidthAt(source, i);
        }
        if (i == At)
            return false;
        Add(TokenKind.Name, i);
        return true;
    }

    private void ReadOperator()
    {
        string? symbol = Array.Find(Operators, candidate => string.CompareOrdinal(source, At, candidate, 0, candidate.Length) == 0);
        if (symbol is null)
            throw Fault($"unexpected character '{source[At]}'");
        if (symbol is "(" or "[" or "{")
            open.Push(
                symbol == "(" ? ')'
                : symbol == "[" ? ']'
                : '}'
            );
        else if (symbol is ")" or "]" or "}" && (!open.TryPop(out char expected) || expected != symbol[0]))
            throw Fault($"unexpected '{symbol}'");
        Add(TokenKind.Operator, At + symbol.Length);
    }

    private void Add(TokenKind kind, int end, Value? value = null)
    {
        string text = source[At..end];
        tokens.Add(new Token(kind, text, Line, value));
        Line += text.AsSpan().Count('\n');
        At = end;
    }

    private TemplateFault Fault(string message) => new(FaultKind.Syntax, message) { Line = Line };
}
