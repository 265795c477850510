using System.Text;

namespace VariationalBoN.Tests;

/// <summary>Generated and mutated files for a reader: it takes them, or says <see cref="InvalidDataException"/> with the place; nothing
/// else, and no memory out of proportion.</summary>
/// <param name="words">What the format is written in, beside what all JSON is.</param>
internal sealed class FileFuzz(params string[] words)
{
    private readonly string[] _fragments =
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        "\r\n",
        "\0",
        "null",
        "true",
        "-",
        "1e999",
        "1e-999",
        "0.1",
        "2147483648",
        "-1",
        "NaN",
        "\\ud800",
        "\uFEFF",
        " ",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        .. words,
    ];

    /// <summary>How many files all readers of a test class get together; the environment sets more for the long form.</summary>
    public static int Inputs { get; } =
        Environment.GetEnvironmentVariable("VARIATIONALBON_FUZZ_INPUTS") is string inputs
            ? int.Parse(inputs, System.Globalization.CultureInfo.InvariantCulture)
            : 8_000;

    /// <summary>Gives a reader one mutated file after another.</summary>
    /// <param name="inputs">How many.</param>
    /// <param name="path">The file that the reader names, or one beside it.</param>
    /// <param name="seeds">Whole files.</param>
    /// <param name="read">Reads the input, or refuses it.</param>
    /// <param name="finish">Makes the mutated bytes what is read; null leaves them.</param>
    public void Run(int inputs, string path, byte[][] seeds, Action<byte[]> read, Func<byte[], byte[]>? finish = null)
    {
        var random = new Random(17);
        int refused = 0,
            accepted = 0;
        for (int i = 0; i < inputs; i++)
        {
            byte[] input = Mutate(random, seeds[random.Next(seeds.Length)]);
            byte[] content = finish is null ? input : finish(input);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(content);
                accepted++;
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(Path.GetDirectoryName(path)!, e.Message);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"Input {i} ({Convert.ToBase64String(input)}): {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (8 << 20) + (200L * input.Length));
        }

        Assert.True(accepted > 0 && accepted + refused == inputs, $"{accepted} accepted, {refused} refused");
    }

    /// <summary>0 to 4 edits of a whole input, or of none: fragments put in, parts cut, doubled or overwritten, bits turned.</summary>
    public byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = new List<byte>(random.Next(20) == 0 ? [] : seed);
        for (int edits = random.Next(5); edits > 0; edits--) // none: what is whole must be read
        {
            int at = random.Next(bytes.Count + 1),
                length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(_fragments[random.Next(_fragments.Length)]));
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
