using System.Text;

namespace VariationalBoN.TokenizerReference;

/// <summary>Texts that tokenizers find hard: their own tokens glued and cut, scripts,
/// combining characters, spaces of all kinds, numbers, code.</summary>
internal sealed class RandomTexts(IReadOnlyList<string> tokens, int seed)
{
    private static readonly string[] s_words =
    [
        "the",
        " the",
        "The",
        "quick",
        "fox's",
        "don't",
        "I'LL",
        "isn\u2019t",
        "na\u00EFve",
        "e\u0301cole",
        "\u00DCber",
        "stra\u00DFe",
        "\u0130stanbul",
        "\u01C5",
        "\uFB01n",
        "\u1E9B\u0323",
        "\u65E5\u672C\u8A9E",
        "\u4F60\u597D",
        "\uD55C\uAD6D\uC5B4",
        "\u1112\u1161\u11AB",
        "\u0420\u0443\u0441",
        "\u0639\u0631\u0628\u064A",
        "\u0939\u093F\u0928\u094D\u0926\u0940",
        "\u0E44\u0E17\u0E22",
        "\uD83D\uDE42",
        "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
        "\uD83C\uDDE9\uD83C\uDDEA",
        "\u2581",
        "\u0120",
        "\u00A0",
        "\u3000",
        "\u2028",
        "\uFEFF",
        "\u200B",
        "\u00AD",
        " ",
        "  ",
        "        ",
        "\n",
        "\r\n",
        "\n\n",
        "\t",
        " \n ",
        "0",
        "12",
        "345",
        "6,789.01",
        "\u0663\u0664",
        "\u00BD",
        "\u216B",
        "x1",
        ".",
        "...",
        "!?",
        ",",
        "'",
        "\"",
        "--",
        "\u2014",
        "<",
        ">",
        "<|",
        "|>",
        "</",
        "<s>",
        "</s>",
        "[CLS]",
        "[MASK]",
        "<|endoftext|>",
        "<|im_start|>user\n",
        "<0x0A>",
        "##ing",
        "if (a[i] != null) {",
        "return x->y;",
        "http://a.b/c?d=e&f",
        "\u0000",
        "\u0001",
        "\uFFFD",
        "\uE000",
        "\uDBFF\uDFFF",
    ];

    private readonly Random _random = new(seed);

    internal int Entries => tokens.Count;

    /// <summary>A text of well-formed UTF-16, mostly short.</summary>
    internal string Next()
    {
        var text = new StringBuilder();
        int parts = _random.Next(10) == 0 ? _random.Next(200) : _random.Next(25);
        while (parts-- > 0)
        {
            switch (_random.Next(8))
            {
                case < 3 when tokens.Count > 0:
                    text.Append(Spaced(tokens[_random.Next(tokens.Count)]));
                    break;
                case 3:
                    text.Append(RandomCharacter(_random.Next(3) == 0 ? 0x110000 : 0x3000));
                    break;
                case 4:
                    text.Append((char)_random.Next(32, 127), _random.Next(1, 4));
                    break;
                case 5:
                    text.Append(' ').Append(s_words[_random.Next(s_words.Length)]);
                    break;
                default:
                    text.Append(s_words[_random.Next(s_words.Length)]);
                    break;
            }
        }

        return text.ToString();
    }

    /// <summary>Mostly all ids; else some from anywhere between, as a completion has them.</summary>
    internal int[] Part(int[] ids)
    {
        int from = _random.Next(2) == 0 ? 0 : _random.Next(ids.Length + 1);
        return ids[from..];
    }

    /// <summary>The marks for spaces as spaces, now and then.</summary>
    private string Spaced(string token) =>
        _random.Next(4) == 0
            ? token
            : token
                .Replace('\u2581', ' ')
                .Replace('\u0120', ' ')
                .Replace("##", "", StringComparison.Ordinal)
                .Replace("</w>", " ", StringComparison.Ordinal);

    private string RandomCharacter(int below)
    {
        int value;
        do value = _random.Next(1, below);
        while (!Rune.IsValid(value));
        return new Rune(value).ToString();
    }
}
