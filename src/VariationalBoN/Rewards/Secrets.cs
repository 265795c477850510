using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>What a request carries that is nobody's business: values of its headers, user, password and query of its address. Masked in
/// what a service says. Immutable, thread-safe.</summary>
internal sealed partial class Secrets
{
    private const string Mask = "***";
    private const int Shortest = 4,
        Quoted = 4096,
        MostShown = 200; // a piece of fewer characters stands in any text

    private readonly string[] _pieces;

    /// <summary>Those of a request that was sent, so that what handlers have added is among them.</summary>
    /// <param name="request">The request.</param>
    /// <param name="given"><see cref="ValuesOf"/> the headers of the client before it was sent, since handlers may take them away.</param>
    /// <param name="endpoint">Its address.</param>
    public Secrets(HttpRequestMessage request, string[] given, Uri endpoint)
    {
        IEnumerable<string> values = given
            .Concat(ValuesOf(request.Headers))
            .Concat(endpoint.UserInfo.Split(':'))
            .Append(endpoint.UserInfo)
            .Concat(endpoint.Query.TrimStart('?').Split('&'));
        _pieces =
        [
            .. values
                .SelectMany(Pieces)
                .SelectMany(Spellings)
                .Where(piece => piece.Length >= Shortest)
                .Distinct()
                .OrderByDescending(piece => piece.Length),
        ];
    }

    /// <summary>An address without user, password and query.</summary>
    public static string WithoutThem(Uri address) =>
        address.IsAbsoluteUri
            ? address
                .GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
                .Split(["%3F", "%23"], StringSplitOptions.None)[0] // a query in a scheme that has none
            : address.OriginalString.Split('?', '#')[0];

    /// <summary>The values of headers that may be secret.</summary>
    public static string[] ValuesOf(HttpRequestHeaders headers) =>
        [.. headers.Where(header => !IsPlain(header.Key)).SelectMany(header => header.Value)];

    /// <summary>A text of the service or of a handler, masked.</summary>
    public string Hide(string text)
    {
        foreach (string piece in _pieces)
            text = text.Replace(piece, Mask, StringComparison.OrdinalIgnoreCase);
        return UserOfAddress().Replace(text, $"://{Mask}@");
    }

    /// <summary>The beginning of a body in quotation marks, masked, on one line.</summary>
    public string Excerpt(ReadOnlySpan<byte> body)
    {
        string text = Hide(Encoding.UTF8.GetString(body[..Math.Min(body.Length, Quoted)]));
        if (body.Length >= Quoted)
            text = text[..^TornAtEnd(text)];
        var line = new StringBuilder(text.Length);
        foreach (char c in text)
            line.Append(char.IsControl(c) ? ' ' : c);
        text = line.ToString().Trim();
        return text.Length == 0
            ? "(no text)."
            : $"\"{Shown.Text(text, MostShown)}{(text.Length <= MostShown && body.Length >= Quoted ? "..." : "")}\".";
    }

    [GeneratedRegex("""://[^/\s@"'<>]+@""")]
    private static partial Regex UserOfAddress();

    /// <summary>Headers that every client sends and that tell nothing.</summary>
    private static bool IsPlain(string header) =>
        header.StartsWith("Accept", StringComparison.OrdinalIgnoreCase) || header.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);

    /// <summary>A value, its words, and what stands in it behind a name.</summary>
    private static IEnumerable<string> Pieces(string value)
    {
        string[] words = value.Split([' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries);
        return words
            .Where(word => word is not ("Bearer" or "Basic" or "Digest" or "Negotiate"))
            .Concat(
                words
                    .Where(word => word.Contains('=', StringComparison.Ordinal))
                    .Select(word => word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"'))
            )
            .Append(value);
    }

    /// <summary>How a text may come back: as it is, in an address, in HTML, in JSON.</summary>
    private static IEnumerable<string> Spellings(string sent) =>
        new[] { sent, Uri.UnescapeDataString(sent) }.SelectMany(text =>
            (string[])
                [
                    text,
                    Uri.EscapeDataString(text),
                    WebUtility.HtmlEncode(text),
                    JavaScriptEncoder.Default.Encode(text),
                    text.Replace("/", "\\/", StringComparison.Ordinal),
                ]
        );

    /// <summary>How many characters at the end of a text that was cut are the beginning of a secret.</summary>
    private int TornAtEnd(string text)
    {
        int torn = 0;
        foreach (string piece in _pieces)
        {
            int length = Math.Min(piece.Length - 1, text.Length);
            while (length > torn && !text.EndsWith(piece[..length], StringComparison.OrdinalIgnoreCase))
                length--;
            torn = Math.Max(torn, length);
        }

        return torn;
    }
}
