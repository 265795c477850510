using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VariationalBoN.Rewards;

namespace TrainReward;

/// <summary>Tells sets of pairs apart. Stateless.</summary>
internal static class PairDigest
{
    public static string Of(PreferencePair[] pairs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var pair in pairs)
            hash.AppendData(
                Encoding.UTF8.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"{pair.Prompt}\0{pair.Chosen}\0{pair.Rejected}\0{pair.Margin:R}\n")
                )
            );
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{pairs.Length} pairs, SHA-256 {Convert.ToHexStringLower(hash.GetHashAndReset())[..16]}"
        );
    }
}
