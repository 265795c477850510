using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>Generated and mutated files for every reader: a table, or <see cref="InvalidDataException"/> with file and place; nothing else, and no memory out of proportion.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceReaderFuzzTests : StoreFixture
{
    private static readonly FileFuzz s_fuzz = new(
        "\"prompt\"", "\"rewards\"", "\"reward\"", "\"text\"", "\"responses\"", "\"tokens\"", "\"promptTokens\"", "\"finishReasons\"", "\"logReference\"", "\"excluded\"",
        "\"first\"", "\"following\"", "\"check\"", "\"provenance\"", "\"seed\"", "\"moreSeeds\"", "\"components\"", "\"Stopped\"");

    [Fact]
    public void Table_file()
    {
        string path = Named("table.jsonl");
        new ReferenceTable([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1), new("c", [1.5], ["yes"])], Provenance).Save(path);
        byte[] seed = File.ReadAllBytes(path), perSample = Encoding.UTF8.GetBytes("""{"prompt":"a","text":"a b","reward":1}""" + "\n" + """{"prompt":"a","text":"a c","reward":2.5}""" + "\n");
        byte[] unsealed = [.. seed[..(Array.IndexOf(seed, (byte)'\n') - 28)], (byte)'}'];
        unsealed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(unsealed).Replace("\"following\":2,", "", StringComparison.Ordinal));
        s_fuzz.Run(FileFuzz.Inputs / 4, path, [seed, unsealed, perSample], input => _ = ReferenceTableFile.Read(new MemoryStream(input), path).Prompts.Sum(prompt => prompt.Rewards.Length));
    }

    [Fact]
    public void Records() => FuzzFile(ReferenceCompression.None, "samples.jsonl", FileFuzz.Inputs / 4);

    [Fact]
    public void Packed_records() => FuzzFile(ReferenceCompression.Gzip, "samples.jsonl.gz", FileFuzz.Inputs / 4);

    /// <summary>Records whose seal is right, so that what is behind it meets what no writer of ours wrote.</summary>
    [Fact]
    public void Sealed_records()
    {
        Make(ReferenceCompression.None);
        string path = Data(Folder);
        byte[] seed = File.ReadAllBytes(path);
        byte[] first = seed[..(Array.IndexOf(seed, (byte)'\n') - 28)]; // without its seal
        s_fuzz.Run(FileFuzz.Inputs / 8, path, [[.. first, (byte)'}']], input => Read(path, input), json => json.Length == 0 ? [] : RecordSeal.Close(json));
    }

    [Fact]
    public void Side_file() => FuzzFile(ReferenceCompression.None, "rewards.index", FileFuzz.Inputs / 16);

    /// <summary>Side files whose checksum is right, so that what is behind it meets what no writer of ours wrote.</summary>
    [Fact]
    public void Sealed_side_file()
    {
        Make(ReferenceCompression.None);
        string path = Path.Combine(Folder, "rewards.index");
        byte[] seed = File.ReadAllBytes(path);
        Assert.Equal(seed, Sealed([.. seed]));
        s_fuzz.Run(FileFuzz.Inputs / 16, path, [seed], input => Read(path, input), Sealed);
    }

    /// <summary>What the long form found once: nobody reads the rewards of all prompts when a cache is opened.</summary>
    [Fact]
    public void Side_file_with_a_reward_that_is_no_number()
    {
        Make(ReferenceCompression.None);
        string path = Path.Combine(Folder, "rewards.index");
        byte[] index = File.ReadAllBytes(path);
        double reward;
        using (var table = ReferenceTable.Load(Folder))
            reward = table.Prompts[0].Rewards[0];
        BitConverter.GetBytes(double.NaN).CopyTo(index, index.AsSpan().IndexOf(BitConverter.GetBytes(reward)));

        var refused = Assert.Throws<InvalidDataException>(() => Read(path, Sealed(index)));

        Assert.Contains($"{path}: the prompt \"a\" has a reward that is not finite", refused.Message);
    }

    [Fact]
    public void Manifest() => FuzzFile(ReferenceCompression.None, "manifest.json", FileFuzz.Inputs / 16);

    private void FuzzFile(ReferenceCompression compression, string name, int inputs)
    {
        Make(compression);
        string path = Path.Combine(Folder, name);
        s_fuzz.Run(inputs, path, [File.ReadAllBytes(path)], input => Read(path, input));
    }

    private void Make(ReferenceCompression compression)
    {
        using var store = Open(Folder, compression);
        store.Append([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1)]);
        store.Append([Samples("a", 2, 2)], 2);
        store.AsTable().Dispose();
    }

    private int Read(string path, byte[] input)
    {
        File.WriteAllBytes(path, input);
        if (Path.GetFileName(path).StartsWith("samples", StringComparison.Ordinal))
            File.Delete(Path.Combine(Folder, "rewards.index")); // so that records are read, however many there are
        using var table = ReferenceTable.Load(Folder);
        return table.Prompts.Sum(prompt => prompt.Rewards.Length + prompt.Responses.Length + prompt.Samples.Length + prompt.Excluded);
    }

    /// <summary>Gives a side file the length and the checksum that it should have.</summary>
    private static byte[] Sealed(byte[] index)
    {
        if (index.Length < Unsafe.SizeOf<ReferenceIndexLayout.Header>())
            return index;
        ref var header = ref MemoryMarshal.AsRef<ReferenceIndexLayout.Header>(index.AsSpan());
        header.Length = index.Length;
        header.Check = default;
        SHA256.HashData([.. index[Unsafe.SizeOf<ReferenceIndexLayout.Header>()..], .. index[..Unsafe.SizeOf<ReferenceIndexLayout.Header>()]], header.Check);
        return index;
    }
}
