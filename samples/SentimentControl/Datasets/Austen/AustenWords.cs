using System.Text.RegularExpressions;

namespace SentimentControl.Datasets.Austen;

/// <summary>What the judge may read of a text: its words in lower case, without punctuation. Stateless, thread-safe.</summary>
/// <remarks>Punctuation goes with the quotation marks,
/// so that neither an exclamation mark nor a stray apostrophe can stand in for them.</remarks>
internal static partial class AustenWords
{
    /// <summary>The words of a text, one blank apart.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>Lower-case letters, apostrophes inside words, and blanks.</returns>
    public static string Of(string text) => string.Join(' ', Word().Matches(text.ToLowerInvariant()).Select(match => match.Value));

    [GeneratedRegex("[a-z]+(?:'[a-z]+)*")]
    private static partial Regex Word();
}
