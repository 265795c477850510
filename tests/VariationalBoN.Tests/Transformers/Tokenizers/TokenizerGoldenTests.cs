using System.Text.Json;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Against the ids and texts of transformers 4.57 (Golden/hf/*/expected.json).</summary>
[Trait("Tier", "fast")]
public sealed class TokenizerGoldenTests
{
    internal static readonly string[] Names =
    [
        "gpt2",
        "gpt2-hub-layout",
        "pythia",
        "llama2",
        "llama3",
        "qwen2",
        "bert-classifier",
        "distilbert-classifier",
    ];

    public static TheoryData<string> Cases => [.. Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Ids_and_decoded_texts_are_those_of_transformers(string name) => RequireSame(name, TokenizerFiles.In(Folder(name)));

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt2-hub-layout")]
    [InlineData("qwen2")]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    public void Files_beside_tokenizer_json_give_the_same(string name)
    {
        var all = TokenizerFiles.In(Folder(name));
        RequireSame(name, new TokenizerFiles(name, file => file == "tokenizer.json" ? null : all.Bytes(file)));
    }

    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    public void Long_texts_are_cut_to_leave_room_for_the_special_tokens(string name)
    {
        var tokenizer = HuggingFaceTokenizer.Load(Folder(name), 1000);
        string text = string.Concat(Enumerable.Repeat("word ", 300));
        var whole = tokenizer.Encode(text);

        var cut = tokenizer.Encode(text, addSpecialTokens: true, maxLength: 64);

        Assert.True(whole.Length > 64);
        Assert.Equal(string.Join(" ", (int[])[.. whole[..63], tokenizer.SepId!.Value]), string.Join(" ", cut));
        Assert.Equal<int>([tokenizer.ClsId!.Value, tokenizer.SepId.Value], tokenizer.Encode(text, addSpecialTokens: true, maxLength: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode(text, addSpecialTokens: true, maxLength: 1));
    }

    internal static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    private static void RequireSame(string name, TokenizerFiles files)
    {
        var tokenizer = HuggingFaceTokenizer.Load(files, 1000);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(name), "expected.json")));
        var faults = new List<string>();
        int rows = 0;
        foreach (var row in expected.RootElement.GetProperty("tokenizer").EnumerateArray())
        {
            rows++;
            string text = row.GetProperty("text").GetString()!;
            int[] ids = Ints(row, "ids"),
                other = row.TryGetProperty("ids_other_implementation", out _) ? Ints(row, "ids_other_implementation") : ids;
            int[] special = Ints(row, "ids_with_special");
            int[] bare = [.. tokenizer.Encode(text, addSpecialTokens: false)],
                framed = [.. tokenizer.Encode(text)];
            if (!bare.SequenceEqual(ids) && !bare.SequenceEqual(other))
                faults.Add($"{Shown(text)}: expected [{string.Join(" ", ids)}], got [{string.Join(" ", bare)}]");
            if (bare.SequenceEqual(ids) && !framed.SequenceEqual(special) || framed.Length - bare.Length != special.Length - ids.Length)
                faults.Add($"{Shown(text)}: expected with special tokens [{string.Join(" ", special)}], got [{string.Join(" ", framed)}]");
            if (
                row.TryGetProperty("decoded", out var decoded)
                && tokenizer.Decode(ids, skipSpecial: false) is var back
                && back != decoded.GetString()
            )
                faults.Add($"{Shown(text)}: expected {Shown(decoded.GetString()!)}, decoded {Shown(back)}");
        }

        Assert.True(faults.Count == 0, $"{faults.Count} of {rows} differ:\n{string.Join("\n", faults)}");
        Assert.Equal(68, rows);
    }

    private static int[] Ints(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    private static string Shown(string text) => JsonSerializer.Serialize(text);
}
