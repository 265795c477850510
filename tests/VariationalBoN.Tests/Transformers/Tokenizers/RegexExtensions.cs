using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>The matches of our expressions as a list, to compare with those of .NET.</summary>
internal static class RegexExtensions
{
    public static List<(int Start, int End)> Matches(this UnicodeRegex regex, string text)
    {
        var matches = new List<(int Start, int End)>();
        foreach (var match in regex.Find(text))
            matches.Add(match);
        return matches;
    }
}
