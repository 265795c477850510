using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>Whole directories through the facade; that its logits and continuations are
/// those of transformers is in <see cref="CausalGoldenTests"/>.</summary>
[Trait("Tier", "torch")]
public sealed class PretrainedCausalLmTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pretrained").FullName;

    public static TheoryData<string> Cases => [.. GoldenCase.Causal];

    private string Target => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Saved_directory_is_the_loaded_one_byte_for_byte(string name)
    {
        using var model = PretrainedCausalLm.Load(Golden(name));
        model.Save(Target, TypeOfFiles(Golden(name)));
        string[] expected =
        [
            .. Directory.GetFiles(Golden(name)).Select(file => Path.GetFileName(file)).Where(file => file != "expected.json"),
        ];
        if (name != "gpt2-pytorch-bin")
        {
            Assert.Equal(expected.Order(), Directory.GetFiles(Target).Select(file => Path.GetFileName(file)).Order());
            Assert.All(
                expected,
                file => Assert.Equal(File.ReadAllBytes(Path.Combine(Golden(name), file)), File.ReadAllBytes(Path.Combine(Target, file)))
            );
            return;
        }

        using var again = PretrainedCausalLm.Load(Target);
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(Target).Select(file => Path.GetFileName(file)).Order());
        Assert.All(
            model.Model.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), again.Model.state_dict()[pair.Key].bytes.ToArray())
        );
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt2-hub-layout")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("pythia")]
    [InlineData("qwen2")]
    public void Texts_have_the_tokens_of_transformers(string name)
    {
        using var model = PretrainedCausalLm.Load(Golden(name));
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden(name), "expected.json")));
        var first = expected
            .RootElement.GetProperty("tokenizer")
            .EnumerateArray()
            .First(entry => entry.GetProperty("ids").GetArrayLength() > 2);
        Assert.Equal(
            first.GetProperty("ids_with_special").EnumerateArray().Select(id => id.GetInt32()),
            model.Tokenizer.Encode(first.GetProperty("text").GetString()!)
        );
        Assert.Equal(model.Model.VocabularySize, model.Tokenizer.VocabularySize);
    }

    [Fact]
    public void Tokenizer_whose_class_follows_from_the_model_is_the_one_of_the_directory()
    {
        Directory.CreateDirectory(Target);
        foreach (string file in Directory.GetFiles(Golden("llama3")))
            File.Copy(file, Path.Combine(Target, Path.GetFileName(file)));
        Change("tokenizer_config.json", json => json.Remove("tokenizer_class"));
        Change("tokenizer.json", json => json["post_processor"] = null); // so that the class alone says how a text begins
        using var model = PretrainedCausalLm.Load(Target);
        var expected = HuggingFaceTokenizer.Load(Target, model.Model.VocabularySize);
        Assert.Equal(expected.Identity, model.Tokenizer.Identity);
        int[] ids = [.. model.Tokenizer.Encode("The film", addSpecialTokens: true)];
        Assert.Equal([.. expected.Encode("The film", addSpecialTokens: true)], ids);
        Assert.Equal(model.Tokenizer.BosId, ids[0]); // LlamaTokenizer

        void Change(string name, Action<JsonObject> change)
        {
            string path = Path.Combine(Target, name);
            var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            change(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }

    [Fact]
    public void Half_precision_in_memory_halves_the_weights_and_is_saved_as_it_was_loaded()
    {
        using var model = PretrainedCausalLm.Load(
            Golden("llama-sharded-bf16"),
            new PretrainedOptions { ElementType = ScalarType.BFloat16 }
        );
        Assert.All(model.Model.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
        model.Save(Target);
        Assert.All(
            Directory.GetFiles(Target),
            file =>
                Assert.Equal(File.ReadAllBytes(Path.Combine(Golden("llama-sharded-bf16"), Path.GetFileName(file))), File.ReadAllBytes(file))
        );
    }

    [Fact]
    public void Changed_weights_are_saved_over_an_earlier_directory_and_other_files_stay()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2-bf16"));
        Directory.CreateDirectory(Target);
        foreach (string name in new[] { "notes.txt", "model-00001-of-00002.safetensors", "model.safetensors.index.json", "config.json" })
            File.WriteAllText(Path.Combine(Target, name), "old");
        using (no_grad())
            model.Model.parameters().First().zero_();
        model.Save(Target, ScalarType.Float32);
        Assert.Equal(
            ["config.json", "model.safetensors", "notes.txt"],
            Directory.GetFileSystemEntries(Target).Select(file => Path.GetFileName(file)).Order()
        );
        using var again = PretrainedCausalLm.Load(Target);
        Assert.All(
            model.Model.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), again.Model.state_dict()[pair.Key].bytes.ToArray())
        );
        var before = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden("gpt2-bf16"), "config.json")))!.AsObject();
        var after = JsonNode.Parse(File.ReadAllText(Path.Combine(Target, "config.json")))!.AsObject();
        Assert.Equal("float32", (string?)after["dtype"]);
        before["dtype"] = "float32";
        Assert.True(JsonNode.DeepEquals(before, after));
    }

    [Fact]
    public void Failed_save_leaves_nothing()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2-bf16"));
        model.Model.parameters().Last().Dispose();
        Assert.ThrowsAny<Exception>(() => model.Save(Target));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void New_model_is_a_directory_like_any_other()
    {
        var config = new Gpt2Config
        {
            VocabularySize = 601,
            MaxLength = 16,
            Width = 8,
            Layers = 2,
            Heads = 2,
        };
        using var model = PretrainedCausalLm.Create(config, seed: 1, Golden("gpt2"), maxFileBytes: 8_000);
        model.Save(Target);
        Assert.True(File.Exists(Path.Combine(Target, "model.safetensors.index.json")));
        using var again = PretrainedCausalLm.Load(Target);
        Assert.Equal(config, again.Model.Shape);
        Assert.Equal<int>(model.Tokenizer.Encode("a text"), again.Tokenizer.Encode("a text"));
        Assert.All(
            model.Model.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), again.Model.state_dict()[pair.Key].bytes.ToArray())
        );
    }

    [Theory]
    [InlineData("""{"eos_token_id":7}""", 7)]
    [InlineData("""{"eos_token_id":[7,9]}""", 7, 9)]
    [InlineData("""{"eos_token_id":null}""", 299)]
    [InlineData("""{}""", 299)]
    [InlineData("""{"eos_token_id":[300,7,-1]}""", 7)]
    [InlineData("""{"eos_token_id":50256}""")]
    [InlineData(null, 299)]
    public void Stop_tokens_are_those_of_the_generation_config_or_else_of_the_config(string? generation, params int[] expected)
    {
        Copy("gpt2-bf16");
        if (generation is not null)
            File.WriteAllText(Path.Combine(_folder, "generation_config.json"), generation);
        using var model = PretrainedCausalLm.Load(_folder);
        Assert.Equal<int>(expected, model.StopTokens);
        model.Save(Target);
        Assert.Equal(generation is not null, File.Exists(Path.Combine(Target, "generation_config.json")));
    }

    [Theory]
    [InlineData("generation_config.json", """{"eos_token_id":[3,"x"]}""", "eos_token_id is [3,\"x\"]")]
    [InlineData("generation_config.json", """{"eos_token_id":"x"}""", "eos_token_id is \"x\"")]
    [InlineData("generation_config.json", "[", "not valid JSON")]
    [InlineData("config.json", """{"model_type":"mamba"}""", "supported: gpt2, gpt_neox, llama")]
    [InlineData("config.json", "{", "not valid JSON")]
    [InlineData("model.safetensors", "no weights", "header")]
    public void Faulty_file_is_named_with_its_fault(string file, string content, string named)
    {
        Copy("gpt2-bf16");
        File.WriteAllText(Path.Combine(_folder, file), content);
        string message = Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(_folder)).Message;
        Assert.Contains(Path.Combine(_folder, file), message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Contains(
            Target,
            Assert.Throws<DirectoryNotFoundException>(() => PretrainedCausalLm.Load(Target)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no config.json",
            Assert.Throws<FileNotFoundException>(() => PretrainedCausalLm.Load(_folder)).Message,
            StringComparison.Ordinal
        );
        Copy("gpt2-bf16");
        using (var model = PretrainedCausalLm.Load(_folder))
            Assert.Contains(
                "tokenizer.json",
                Assert.Throws<InvalidOperationException>(() => model.Tokenizer).Message,
                StringComparison.Ordinal
            );
        File.Delete(Path.Combine(_folder, "model.safetensors"));
        Assert.Contains(
            "no weights",
            Assert.Throws<FileNotFoundException>(() => PretrainedCausalLm.Load(_folder)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Weights_of_a_classifier_are_refused() =>
        Assert.Contains(
            "score.weight",
            Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(Golden("gpt2-reward"))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Element_type_without_use_is_refused() =>
        Assert.Throws<ArgumentException>(() =>
            PretrainedCausalLm.Load(Golden("gpt2"), new PretrainedOptions { ElementType = ScalarType.Int32 })
        );

    [Fact]
    public void Policy_is_made_of_its_parts()
    {
        string directory = Golden("gpt2");
        // snippet: policy
        using var model = PretrainedCausalLm.Load(directory);
        var policy = new CausalLmPolicy(
            model.Model,
            model.PromptTokenizer,
            new GenerationOptions { MaxNewTokens = 8, StopTokens = model.StopTokens }
        );
        var drawn = policy.Sample(["A prompt"], completionsPerPrompt: 4, seed: 1);
        // end snippet
        Assert.Equal(4, drawn.Count);
        string aligned = Target;
        // snippet: save
        model.Save(aligned); // names and files as in the directory that was loaded, element types as in memory: nothing is rounded
        // end snippet
        Assert.True(File.Exists(Path.Combine(aligned, "tokenizer.json")));
    }

    [Fact]
    public void Merged_adapters_are_saved_as_a_whole_model()
    {
        string directory = Golden("gpt2"),
            aligned = Target;
        // snippet: lora
        using var model = PretrainedCausalLm.Load(directory);
        // the policy to train; model.Model is the reference, with the same weights
        using var adapted = model.Model.WithLora(new LoraOptions { Rank = 8 });
        // ... train adapted.LoraParameters() ...
        using var merged = adapted.MergeLora();
        model.Save(aligned, merged);
        // end snippet
        using var again = PretrainedCausalLm.Load(aligned);
        Assert.All(
            model.Model.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), again.Model.state_dict()[pair.Key].bytes.ToArray())
        ); // fresh adapters change nothing
        Assert.Contains("lora_A", Assert.Throws<ArgumentException>(() => model.Save(aligned, adapted)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"n_layer\": 2", "\"n_layer\": 16000000", "weight files hold")]
    [InlineData("\"vocab_size\": 601", "\"vocab_size\": 16777216", "weight files hold")]
    [InlineData("\"n_embd\": 48", "\"n_embd\": 2000000000", "n_embd is 2000000000, it must be at most 16777216")]
    [InlineData("\"n_layer\": 2", "\"n_layer\": 3", "missing from the file: h.2.attn.c_attn.bias")]
    public void Configuration_far_beyond_the_weights_is_refused_before_it_gets_the_memory(string old, string replacement, string named)
    {
        Copy("gpt2");
        string config = Path.Combine(_folder, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(old, replacement, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(_folder)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(_folder, message, StringComparison.Ordinal);
    }

    /// <summary>What config.json says of the weights.</summary>
    private static ScalarType TypeOfFiles(string directory) =>
        Enum.Parse<ScalarType>(
            (string)JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json")))!["dtype"]!,
            ignoreCase: true
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Chat_templates_are_saved_wherever_the_directory_has_them(bool targetExists)
    {
        string source = Path.Combine(_folder, "with-templates");
        (string Name, string Text)[] templates =
        [
            ("chat_template.jinja", "a"),
            ("chat_template.json", """{"chat_template": "b"}"""),
            ("additional_chat_templates/tool_use.jinja", "c"),
            ("additional_chat_templates/rag.jinja", "d"),
        ];
        Directory.CreateDirectory(Path.Combine(source, "additional_chat_templates"));
        foreach (string file in Directory.GetFiles(Golden("gpt2")))
            File.Copy(file, Path.Combine(source, Path.GetFileName(file)));
        foreach ((string name, string text) in templates)
            File.WriteAllText(Path.Combine(source, name), text);
        if (targetExists)
            Directory.CreateDirectory(Target);
        using (var model = PretrainedCausalLm.Load(source))
            model.Save(Target);
        Assert.All(templates, template => Assert.Equal(template.Text, File.ReadAllText(Path.Combine(Target, template.Name))));
        Assert.Empty(Directory.GetFileSystemEntries(Target, ".*"));
        PretrainedCausalLm.Load(Target).Dispose();
    }

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    private void Copy(string name)
    {
        foreach (string file in Directory.GetFiles(Golden(name)))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
    }
}
