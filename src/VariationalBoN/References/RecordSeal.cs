using System.Security.Cryptography;

namespace VariationalBoN.References;

/// <summary>The last field of each record of a cache, <c>"check"</c>:
/// the first 16 hexadecimal digits of the SHA-256 of what stands before it. Stateless, thread-safe.</summary>
internal static class RecordSeal
{
    private const int Digits = 16;

    private static ReadOnlySpan<byte> Name => ",\"check\":\""u8;

    /// <summary>Adds the seal and the end of the line to a JSON object.</summary>
    /// <param name="json">An object with at least one field.</param>
    /// <returns>The line; a fresh array.</returns>
    public static byte[] Close(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> body = json[..^1];
        byte[] line = new byte[body.Length + Name.Length + Digits + 3];
        body.CopyTo(line);
        Name.CopyTo(line.AsSpan(body.Length));
        Write(body, line.AsSpan(body.Length + Name.Length));
        "\"}\n"u8.CopyTo(line.AsSpan(line.Length - 3));
        return line;
    }

    /// <summary>Whether a record is as it was written.</summary>
    /// <param name="json">The record without the end of its line.</param>
    public static bool IsIntact(ReadOnlySpan<byte> json)
    {
        int body = json.Length - Name.Length - Digits - 2;
        if (body < 0 || !json[body..].StartsWith(Name) || !json.EndsWith("\"}"u8))
            return false;
        Span<byte> expected = stackalloc byte[Digits];
        Write(json[..body], expected);
        return json.Slice(body + Name.Length, Digits).SequenceEqual(expected);
    }

    /// <summary>Whether bytes hold the end of a record and the beginning of another: what stood between them is damaged.</summary>
    /// <remarks>Quotes within texts are escaped, so that the name of the field with its quotes stands nowhere else.</remarks>
    public static bool HoldsTwo(ReadOnlySpan<byte> bytes) => bytes.Count(Name) > 1;

    private static void Write(ReadOnlySpan<byte> body, Span<byte> digits)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        Convert.TryToHexStringLower(hash[..(Digits / 2)], digits, out _);
    }
}
