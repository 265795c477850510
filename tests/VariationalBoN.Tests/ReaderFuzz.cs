using System.Globalization;
using System.Text;

namespace VariationalBoN.Tests;

/// <summary>What the fuzz tests of all readers share: how many inputs, and how one is made of a good one.</summary>
internal static class ReaderFuzz
{
    /// <summary>The inputs of all tests of a class together; VARIATIONALBON_FUZZ_INPUTS sets the long form.</summary>
    public static int Inputs { get; } = Environment.GetEnvironmentVariable("VARIATIONALBON_FUZZ_INPUTS") is string inputs ? int.Parse(inputs, CultureInfo.InvariantCulture) : 20_000;

    /// <summary>0 to 4 edits of a good input, or of none: fragments put in, parts cut, doubled or overwritten, bits turned.</summary>
    public static byte[] Mutate(Random random, byte[] seed, string[] fragments)
    {
        var bytes = new List<byte>(random.Next(20) == 0 ? [] : seed);
        for (int edits = random.Next(5); edits > 0; edits--) // none: what is whole must be read
        {
            int at = random.Next(bytes.Count + 1), length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(fragments[random.Next(fragments.Length)]));
                    break;
                case 3 when length > 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    for (int k = 0; k < length; k++)
                        bytes[at + k] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }
}
