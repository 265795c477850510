using System.Text;

/// <summary>The reward itself, a fixed function of the texts: the server computes it, and this program again to compare.</summary>
internal static class Judge
{
    public const string Identity = "verse judge, version 1";

    /// <summary>How many different words the completion has.</summary>
    public static double Variety(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().Count();

    /// <summary>A taste of its own for each text, 0 to 1: a hash.</summary>
    public static double Taste(string prompt, string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(prompt + "\n" + text))
            hash = (hash ^ b) * 1099511628211;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }
}
