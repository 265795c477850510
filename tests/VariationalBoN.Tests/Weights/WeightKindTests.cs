using System.Text;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Tests.Transformers.Pickles;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pickles;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

/// <summary>What may stand where a weight is wanted: floating-point numbers that are finite, under today's name or an old one.</summary>
[Trait("Tier", "torch")]
public sealed class WeightKindTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weights").FullName;

    private string Weights => Path.Combine(_folder, "model.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    [InlineData("gpt2-reward")]
    [InlineData("llama-reward")]
    public void Classifier_with_gamma_and_beta_is_read(string name)
    {
        using var truth = PretrainedClassifier.Load(GoldenCase.FolderOf(name));
        int renamed = SaveWithOldNames(name, truth.Classifier.state_dict());
        using var read = PretrainedClassifier.Load(_folder);
        Assert.True(renamed > 1);
        Assert.All(
            truth.Classifier.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), read.Classifier.state_dict()[pair.Key].bytes.ToArray())
        );
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("pythia")]
    [InlineData("llama3")]
    public void Decoder_with_gamma_and_beta_is_read(string name)
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf(name));
        int renamed = SaveWithOldNames(name, truth.Model.state_dict());
        using var read = PretrainedCausalLm.Load(_folder);
        Assert.True(renamed > 1);
        Assert.All(
            truth.Model.state_dict(),
            pair => Assert.Equal(pair.Value.bytes.ToArray(), read.Model.state_dict()[pair.Key].bytes.ToArray())
        );
    }

    [Fact]
    public void Gamma_of_what_is_no_normalisation_is_left_over()
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        Save(
            "gpt2",
            truth.Model.state_dict(),
            name => name == "h.0.attn.c_attn.weight" ? "h.0.attn.c_attn.gamma" : name,
            (_, tensor) => tensor
        );
        var error = Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(_folder));
        Assert.Contains("not in the module: h.0.attn.c_attn.gamma", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Bool)]
    public void Weight_of_another_kind_of_numbers_is_refused_by_name(ScalarType type)
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        Save("gpt2", truth.Model.state_dict(), name => name, (name, tensor) => name == "h.0.mlp.c_fc.weight" ? tensor.to(type) : tensor);
        var error = Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(_folder));
        Assert.Contains($"h.0.mlp.c_fc.weight is of type {type} in the file", error.Message, StringComparison.Ordinal);

        using var adapted = truth.Model.WithLora();
        string adapter = Path.Combine(_folder, "adapter"),
            file = Path.Combine(adapter, "adapter_model.safetensors");
        adapted.SaveLora(adapter);
        var factors = adapted
            .named_parameters()
            .Where(pair => pair.name.Contains("lora_", StringComparison.Ordinal))
            .ToDictionary(pair => $"base_model.model.transformer.{pair.name}", pair => (Tensor)pair.parameter);
        string first = factors.Keys.First();
        factors[first] = factors[first].to(type);
        Safetensors.Save(file, factors);
        Assert.Contains(
            $"{first} is of type {type}",
            Assert.Throws<InvalidDataException>(() => truth.Model.LoadLora(adapter)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Pickled_weight_of_another_kind_of_numbers_is_refused_by_name()
    {
        string path = Path.Combine(_folder, "pytorch_model.bin");
        byte[] pickle = Encoding.Latin1.GetBytes(
            Encoding
                .Latin1.GetString(Pickles.Dictionary(("weight", "0", 4, 0, [2, 2], [2, 1])))
                .Replace("FloatStorage", "IntStorage", StringComparison.Ordinal)
        );
        File.WriteAllBytes(
            path,
            Pickles.Archive(System.IO.Compression.CompressionLevel.NoCompression, ("data.pkl", pickle), ("data/0", new byte[16]))
        );
        using var target = zeros(2, 2);
        using var weights = new WeightFile(path, PytorchArchive.Format);
        var error = Assert.Throws<InvalidDataException>(() =>
            WeightMatch.Match([weights], new Dictionary<string, Tensor> { ["weight"] = target }, new WeightNames("", "", ""))
        );
        Assert.Contains("weight is of type Int32 in the file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float32, double.NaN)]
    [InlineData(ScalarType.Float32, double.PositiveInfinity)]
    [InlineData(ScalarType.BFloat16, double.NaN)]
    [InlineData(ScalarType.Float16, double.NegativeInfinity)]
    [InlineData(ScalarType.Float64, double.NaN)]
    public void Weight_that_is_no_number_is_refused_by_name_and_place(ScalarType type, double value)
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        Save(
            "gpt2",
            truth.Model.state_dict(),
            name => name,
            (name, tensor) => name == "h.1.attn.c_attn.weight" ? Spoilt(tensor.to(type), 37, value) : tensor.to(type)
        );
        foreach (var memory in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            var error = Assert.Throws<InvalidDataException>(() =>
                PretrainedCausalLm.Load(_folder, new PretrainedOptions { ElementType = memory })
            );
            Assert.Contains("'h.1.attn.c_attn.weight' holds NaN or infinity at element 37", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Adapter_that_is_no_number_is_refused_by_name_and_place()
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        using var adapted = truth.Model.WithLora();
        using (no_grad())
            adapted.LoraParameters()[1].copy_(Spoilt(adapted.LoraParameters()[1].detach().clone(), 3, double.NaN));
        adapted.SaveLora(Path.Combine(_folder, "adapter"));
        Assert.Contains(
            "holds NaN or infinity at element 3",
            Assert.Throws<InvalidDataException>(() => truth.Model.LoadLora(Path.Combine(_folder, "adapter"))).Message,
            StringComparison.Ordinal
        );
    }

    /// <summary>A model that diverges after it was loaded: wherever its logits are used, that is an error.</summary>
    [Fact]
    public async Task Logits_that_are_no_numbers_are_an_error_wherever_they_are_used()
    {
        using var model = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        using var sound = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        using var classifier = PretrainedClassifier.Load(GoldenCase.FolderOf("bert-classifier"));
        var options = new GenerationOptions { MaxNewTokens = 4 };
        var policy = new CausalLmPolicy(model.Model, model.Tokenizer, options);
        var reference = new CausalLmPolicy(sound.Model, sound.Tokenizer, options);
        var completions = policy.Sample(["The film was"], 2, 1L);
        var reward = classifier.TextReward(new ClassifierRewardOptions { LabelIndex = 0 });
        using (no_grad())
        {
            Spoil(model.Model.named_parameters().First(pair => pair.name == "ln_f.weight").parameter);
            Spoil(classifier.Classifier.named_parameters().First(pair => pair.name == "classifier.weight").parameter);
        }

        Assert.Contains(
            "NaN",
            Assert.Throws<ArithmeticException>(() => policy.Sample(["The film was"], 2, 1L)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "completion 0",
            Assert.Throws<ArithmeticException>(() => policy.LogProb(completions)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "completion 0",
            Assert.Throws<ArithmeticException>(() => policy.StepwiseKl(reference, completions)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "completion 0",
            Assert.Throws<ArithmeticException>(() => reference.StepwiseKl(policy, completions)).Message,
            StringComparison.Ordinal
        );
        var error = await Assert.ThrowsAnyAsync<InvalidOperationException>(async () =>
            await reward.ScoreAsync(completions, CancellationToken.None)
        );
        Assert.Contains("diverged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_name_the_setting()
    {
        using var truth = PretrainedCausalLm.Load(GoldenCase.FolderOf("gpt2"));
        var state = truth.Model.state_dict();
        state["lm_head.weight"] = state["wte.weight"].detach().add(1);
        Save("gpt2", state, name => name, (_, tensor) => tensor);
        Assert.Contains(
            "tie_word_embeddings",
            Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(_folder)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "target_modules = nothing, such",
            Assert.Throws<ArgumentException>(() => truth.Model.WithLora(new LoraOptions { TargetModules = ["nothing", "such"] })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "target_modules = .*nothing",
            Assert
                .Throws<ArgumentException>(() => truth.Model.WithLora(new LoraOptions { TargetModules = [], TargetPattern = ".*nothing" }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "n_positions",
            Assert.Throws<ArgumentException>(() => truth.Model.forward(zeros(1, 2000, ScalarType.Int64))).Message,
            StringComparison.Ordinal
        );
        using var llama = PretrainedCausalLm.Load(GoldenCase.FolderOf("llama3"));
        Assert.Contains(
            "max_position_embeddings",
            Assert.Throws<ArgumentException>(() => llama.Model.forward(zeros(1, 20_000, ScalarType.Int64))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("gpt2", "dtype", "torch_dtype")]
    [InlineData("gpt2", "dtype")]
    [InlineData("gpt2", "torch_dtype")]
    public void Saving_in_another_type_says_so_under_every_key_that_is_there(string name, params string[] keys)
    {
        CopyWith(
            name,
            "config.json",
            json =>
            {
                json.Remove("dtype");
                json.Remove("torch_dtype");
                foreach (string key in keys)
                    json[key] = "float32";
            }
        );
        using var model = PretrainedCausalLm.Load(_folder);
        string target = Path.Combine(_folder, "out");
        model.Save(target, ScalarType.BFloat16);
        var saved = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "config.json")))!.AsObject();
        Assert.Equal(keys.Order(), saved.Select(pair => pair.Key).Where(key => key.EndsWith("dtype", StringComparison.Ordinal)).Order());
        Assert.All(keys, key => Assert.Equal("bfloat16", (string)saved[key]!));
    }

    [Fact]
    public void Stop_tokens_without_the_tokenizers_own_end_are_a_warning()
    {
        CopyWith("gpt2", "generation_config.json", json => json["eos_token_id"] = 5);
        var told = new List<string>();
        using var model = PretrainedCausalLm.Load(_folder, new PretrainedOptions { Logger = HeardLog.Warnings(told.Add) });
        string warning = Assert.Single(model.Warnings);
        Assert.Equal(model.Warnings.Select(warning => $"{_folder}: {warning}"), told);
        Assert.Contains("generation_config.json is 5", warning, StringComparison.Ordinal);
        Assert.Contains($"token {model.Tokenizer.EosId}", warning, StringComparison.Ordinal);

        CopyWith("gpt2", "generation_config.json", json => json["eos_token_id"] = new JsonArray(5, model.Tokenizer.EosId));
        using var both = PretrainedCausalLm.Load(_folder);
        Assert.Empty(both.Warnings);
    }

    private static Tensor Spoilt(Tensor tensor, long at, double value)
    {
        using var flat = tensor.view(-1);
        flat[at] = value;
        return tensor;
    }

    private static void Spoil(Tensor tensor) => tensor.fill_(double.NaN);

    private int SaveWithOldNames(string name, Dictionary<string, Tensor> state)
    {
        int renamed = 0;
        Save(name, state, OldName, (_, tensor) => tensor);
        return renamed;

        string OldName(string full)
        {
            string[] parts = full.Split('.');
            if (
                parts.Length < 2
                || !(
                    parts[^2].Contains("norm", StringComparison.OrdinalIgnoreCase) || parts[^2].StartsWith("ln_", StringComparison.Ordinal)
                )
            )
                return full;
            renamed++;
            return $"{string.Join('.', parts[..^1])}.{(parts[^1] == "weight" ? "gamma" : "beta")}";
        }
    }

    private void Save(string name, Dictionary<string, Tensor> state, Func<string, string> rename, Func<string, Tensor, Tensor> change)
    {
        foreach (
            string file in Directory
                .GetFiles(GoldenCase.FolderOf(name))
                .Where(file =>
                    !Path.GetFileName(file).StartsWith("model", StringComparison.Ordinal)
                    && !file.EndsWith(".bin", StringComparison.Ordinal)
                )
        )
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
        Safetensors.Save(Weights, state.ToDictionary(pair => rename(pair.Key), pair => change(pair.Key, pair.Value.detach().clone())));
    }

    private void CopyWith(string name, string changed, Action<JsonObject> change)
    {
        foreach (string file in Directory.GetFiles(GoldenCase.FolderOf(name)))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
        string path = Path.Combine(_folder, changed);
        var json = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
