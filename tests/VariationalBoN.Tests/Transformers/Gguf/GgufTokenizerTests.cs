using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Transformers.Tokenizers;
using static System.IO.File;

namespace VariationalBoN.Tests.Transformers.Gguf;

/// <summary>The tokenizer in a GGUF file: llama.cpp makes the tokens that this library makes,
/// or the file is refused or warned of.</summary>
[Trait("Tier", "torch")]
public sealed class GgufTokenizerTests : IDisposable
{
    private static readonly string[] s_texts =
    [
        "The quick brown fox",
        "It's 2026, isn't it? They'll see 12345 things.",
        "  two  spaces\n\nand lines\t.",
        "na\u00efve \u4e2d\u6587 \U0001f600",
        " leading",
        "they'LL",
    ];

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("gguf-tokenizer-");

    private readonly List<string> _warnings = [];

    private string Gguf => Path.Combine(_root.FullName, "model.gguf");

    public void Dispose() => _root.Delete(recursive: true);

    [LlamaCppFact]
    public void Files_without_tokenizer_json_are_cut_as_their_class_does_and_joined_by_the_merges_that_count()
    {
        string qwen = Copy("qwen2", "tokenizer.json");
        AssertSame(qwen, s_texts);
        string gpt2 = Copy("gpt2", "tokenizer.json");
        const string Last = "ley"; // what the last merge joins
        string[] merges = ReadAllLines(Path.Combine(gpt2, "merges.txt"));
        Assert.Equal(Last, merges[^1].Replace(" ", "", StringComparison.Ordinal));
        AssertSame(gpt2, [.. s_texts, Last]);
        var whole = HuggingFaceTokenizer.Load(gpt2, 10_000).Encode(Last);
        // the first line is a header whatever it holds, and so is what stands after the last line feed left out: two merges less
        WriteAllText(Path.Combine(gpt2, "merges.txt"), string.Join('\n', merges[1..]));
        Assert.NotEqual([.. whole], [.. HuggingFaceTokenizer.Load(gpt2, 10_000).Encode(Last)]);
        AssertSame(gpt2, [.. s_texts, Last]);
        Assert.Empty(_warnings);
        Edit(gpt2, "tokenizer_config.json", config => config["add_prefix_space"] = true);
        Assert.Contains("add_prefix_space", Refused<NotSupportedException>(gpt2), StringComparison.Ordinal);
        Edit(
            gpt2,
            "tokenizer_config.json",
            config =>
            {
                config["add_prefix_space"] = false;
                config["tokenizer_class"] = "RobertaTokenizer";
                foreach (string name in "sep_token cls_token pad_token mask_token".Split(' '))
                    config[name] = "<|endoftext|>";
            }
        );
        Assert.Contains("RobertaTokenizer", Refused<NotSupportedException>(gpt2), StringComparison.Ordinal);
    }

    [LlamaCppFact]
    public void The_space_before_a_text_of_SentencePiece_is_that_of_the_settings_or_warned_of()
    {
        string folder = Copy("llama2");
        string[] texts = [.. s_texts, "a</s>b", "</s> a"];
        AssertSame(folder, s_texts);
        Assert.Contains("legacy", Assert.Single(_warnings), StringComparison.Ordinal);
        using (var model = Saved(folder))
        using (var peer = new LlamaCpp(Gguf, model.Model.MaxLength))
            Assert.NotEqual([.. model.Tokenizer.Encode("a</s>b")], peer.Tokenize("a</s>b", addSpecial: true)); // what the warning is about
        _warnings.Clear();
        Edit(folder, "tokenizer_config.json", config => config["add_prefix_space"] = false);
        AssertSame(folder, texts);
        Edit(folder, "tokenizer_config.json", config => config["legacy"] = true); // where add_prefix_space says nothing
        AssertSame(folder, texts);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void SentencePiece_that_strips_spaces_or_makes_no_bytes_is_refused()
    {
        string folder = Copy("llama2"),
            file = Path.Combine(folder, "tokenizer.model");
        byte[] model = ReadAllBytes(file);
        WriteAllBytes(file, [.. model, 0x1A, 2, 0x20, 1]); // normalizer_spec { remove_extra_whitespaces: true }
        Assert.Contains("remove_extra_whitespaces", Refused<NotSupportedException>(folder), StringComparison.Ordinal);
        WriteAllBytes(file, [.. model, 0x12, 3, 0x98, 2, 0]); // trainer_spec { byte_fallback: false }
        Assert.Contains("byte_fallback", Refused<NotSupportedException>(folder), StringComparison.Ordinal);
    }

    [LlamaCppFact]
    public void Of_two_files_the_one_that_the_tokenizer_is_read_from_counts()
    {
        string folder = Copy("llama3");
        System.IO.File.Copy(Path.Combine(GoldenCase.FolderOf("llama2"), "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        AssertSame(folder, s_texts);
        string converted = Copy("llama2");
        string json = Path.Combine(converted, "tokenizer.json");
        WriteAllText(json, Converted(Path.Combine(converted, "tokenizer.model")).ToJsonString());
        AssertSame(converted, [.. s_texts, "a</s>b", "</s> a"]);
        Assert.Empty(_warnings);
        Edit(
            converted,
            "tokenizer.json",
            root =>
                (root["normalizer"], root["pre_tokenizer"]) = (
                    null,
                    JsonNode.Parse("""{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":false}""")
                )
        );
        AssertSame(converted, ["a b", "It's 2026"]);
        Assert.Contains("prepend_scheme = first", Assert.Single(_warnings), StringComparison.Ordinal);
        Edit(converted, "tokenizer.json", root => root["pre_tokenizer"]!["prepend_scheme"] = "never");
        AssertSame(converted, [.. s_texts, "a</s>b", "</s> a"]);
        Assert.Single(_warnings);
        Edit(converted, "tokenizer.json", root => root["normalizer"] = JsonNode.Parse("""{"type":"NFKC"}"""));
        Assert.Contains("normalizer", Refused<NotSupportedException>(converted), StringComparison.Ordinal);
        Edit(
            converted,
            "tokenizer.json",
            root =>
            {
                var vocabulary = root["model"]!["vocab"]!.AsObject();
                (string first, string second) = (
                    vocabulary.First(pair => (int)pair.Value! == 300).Key,
                    vocabulary.First(pair => (int)pair.Value! == 301).Key
                );
                (vocabulary[first], vocabulary[second]) = (301, 300);
            }
        );
        Assert.Contains("the piece 30", Refused<InvalidDataException>(converted), StringComparison.Ordinal);
        Delete(Path.Combine(converted, "tokenizer.model"));
        Assert.Contains("tokenizer.model", Refused<NotSupportedException>(converted), StringComparison.Ordinal);
    }

    [LlamaCppFact]
    public void The_class_overrides_the_space_of_a_ByteLevel_at_the_top()
    {
        string folder = Copy("gpt2");
        Edit(folder, "tokenizer.json", root => root["pre_tokenizer"]!["add_prefix_space"] = true);
        AssertSame(folder, s_texts);
        Edit(folder, "tokenizer_config.json", config => config.Remove("add_prefix_space"));
        AssertSame(folder, s_texts);
        Edit(folder, "tokenizer.json", root => root["pre_tokenizer"]!["add_prefix_space"] = false);
        Edit(folder, "tokenizer_config.json", config => config["add_prefix_space"] = true);
        Assert.Contains("add_prefix_space", Refused<NotSupportedException>(folder), StringComparison.Ordinal);
    }

    [LlamaCppFact]
    public void Tokens_around_a_text_are_those_of_the_post_processor_or_refused()
    {
        string folder = Copy("llama3");
        JsonNode token = JsonNode.Parse("""{"SpecialToken":{"id":"<|end_of_text|>","type_id":0}}""")!;
        Edit(
            folder,
            "tokenizer.json",
            root =>
            {
                JsonNode template = root["post_processor"]!["processors"]![1]!;
                template["single"]!.AsArray().Add(token.DeepClone());
                template["special_tokens"]!["<|end_of_text|>"] = JsonNode.Parse(
                    """{"id":"<|end_of_text|>","ids":[641],"tokens":["<|end_of_text|>"]}"""
                );
            }
        );
        AssertSame(folder, s_texts);
        Edit(
            folder,
            "tokenizer.json",
            root => root["post_processor"]!["processors"]![1]!["single"]!.AsArray().Insert(0, token.DeepClone())
        );
        Assert.Contains("641, 640 before", Refused<NotSupportedException>(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama3", "ignore_merges", false)]
    [InlineData("qwen2", "ignore_merges", true)]
    public void Merges_that_llama_cpp_would_ignore_or_not_as_the_file_says_are_refused(string name, string key, bool value)
    {
        string folder = Copy(name);
        Edit(folder, "tokenizer.json", root => root["model"]![key] = value);
        Assert.Contains(key, Refused<NotSupportedException>(folder), StringComparison.Ordinal);
    }

    /// <summary>What transformers makes of a <c>tokenizer.model</c>:
    /// each piece that two others join is a merge, of the highest score first.</summary>
    private static JsonObject Converted(string file)
    {
        var model = SentencePieceReader.Read(file, ReadAllBytes(file));
        var merges =
            from id in Enumerable.Range(0, model.Count)
            let text = model.Text(id)
            where model.Type(id) == SentencePieceType.Normal
            from cut in Enumerable.Range(1, text.Length - 1)
            where model.Contains(text[..cut]) && model.Contains(text[cut..])
            orderby model.Score(id) descending
            select (JsonNode)$"{text[..cut]} {text[cut..]}";
        JsonObject root = JsonNode
            .Parse(
                """
                {"version":"1.0","truncation":null,"padding":null,"pre_tokenizer":null,
                 "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},
                 "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
                  "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},"decoder":null,
                 "model":{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":true,
                  "ignore_merges":false}}
                """
            )!
            .AsObject();
        root["added_tokens"] = new JsonArray([
            .. Enumerable
                .Range(0, 3)
                .Select(id => new JsonObject
                {
                    ["id"] = id,
                    ["content"] = model.Text(id),
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = true,
                }),
        ]);
        root["model"]!["vocab"] = new JsonObject(
            Enumerable.Range(0, model.Count).Select(id => KeyValuePair.Create(model.Text(id), (JsonNode?)id))
        );
        root["model"]!["merges"] = new JsonArray([.. merges]);
        return root;
    }

    private static void Edit(string folder, string name, Action<JsonObject> edit)
    {
        string file = Path.Combine(folder, name);
        JsonObject root = JsonNode.Parse(ReadAllText(file))!.AsObject();
        edit(root);
        WriteAllText(file, root.ToJsonString());
    }

    private string Copy(string name, string? without = null)
    {
        string folder = _root.CreateSubdirectory(name).FullName;
        foreach (string file in Directory.GetFiles(GoldenCase.FolderOf(name)).Where(file => Path.GetFileName(file) != without))
            System.IO.File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }

    private void AssertSame(string folder, string[] texts)
    {
        using var model = Saved(folder);
        using var peer = new LlamaCpp(Gguf, model.Model.MaxLength);
        Assert.All(texts, text => Assert.Equal(model.Tokenizer.Encode(text), peer.Tokenize(text, addSpecial: true)));
    }

    private string Refused<T>(string folder)
        where T : Exception
    {
        Delete(Gguf);
        string message = Assert.Throws<T>(() => Saved(folder)).Message;
        Assert.False(Exists(Gguf));
        return message;
    }

    private PretrainedCausalLm Saved(string folder)
    {
        Action<string> listen = _ => { }; // what loading warns of is another matter
        var model = PretrainedCausalLm.Load(folder, new PretrainedOptions { Logger = HeardLog.Warnings(warning => listen(warning)) });
        listen = _warnings.Add;
        try
        {
            model.SaveGguf(Gguf);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
