using System.Text.Json.Nodes;
using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Training;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>A language model that becomes a judge: its directory, its numbers, its training.</summary>
[Trait("Tier", "torch")]
public sealed class ClassifierTrainingTests : IDisposable
{
    private static readonly string[] s_kind = ["warm", "bright", "clever"],
        s_cold = ["slow", "dull", "flat"];
    private static readonly PreferencePair[] s_pairs =
    [
        .. s_kind.SelectMany(kind =>
            s_cold.Select(cold => new PreferencePair
            {
                Prompt = "The film was",
                Chosen = $" {kind}",
                Rejected = $" {cold}, all of it",
            })
        ),
        .. s_kind.SelectMany(kind =>
            s_cold.Select(cold => new PreferencePair
            {
                Prompt = "The cast",
                Chosen = $" seemed {kind} in the end",
                Rejected = $" was {cold}",
                Margin = 0.1,
            })
        ),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("judge").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gpt2-reward", "GPT2LMHeadModel")]
    [InlineData("llama-reward", "LlamaForCausalLM")]
    public void What_is_saved_lies_as_Python_saves_it(string golden, string architecture)
    {
        var expected = Json(Path.Combine(ChatModels.Golden(golden), "config.json"));
        string start = LanguageModel(expected, architecture),
            saved = Path.Combine(_folder, "saved");
        using (var model = PretrainedCausalLm.Load(start))
        using (var judge = PretrainedClassifier.FromCausalLm(model, seed: 5, paddingToken: (int)expected["pad_token_id"]!))
            judge.Save(saved);

        Assert.True(
            JsonNode.DeepEquals(expected, Json(Path.Combine(saved, "config.json"))),
            File.ReadAllText(Path.Combine(saved, "config.json"))
        );
        using WeightFile file = new(Path.Combine(saved, "model.safetensors")),
            goldenFile = new(Path.Combine(ChatModels.Golden(golden), "model.safetensors"));
        Assert.Equal(Layout(goldenFile), Layout(file));
        Assert.Equal(goldenFile.Metadata, file.Metadata);
        using var read = PretrainedClassifier.Load(saved);
        Assert.Equal("LABEL_0", Assert.Single(read.Classifier.Labels));
    }

    [Fact]
    public void The_decoder_is_that_of_the_language_model_in_float32_under_a_new_head()
    {
        using var scope = NewDisposeScope();
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"), new PretrainedOptions { ElementType = ScalarType.BFloat16 });
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 5, labels: ["bad", "good"]);
        using var exact = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        var tokens = tensor(new long[] { 5, 9, 17, 3 }, [1, 4]);
        var score = judge.Classifier.state_dict()["score.weight"];

        Assert.All(judge.Classifier.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        Assert.Equal([2, 48], score.shape);
        Assert.InRange(score.std().ToSingle(), 0.015f, 0.025f);
        var expected = exact.Model.HiddenStates(tokens)[3].unsqueeze(0).mm(score.t());
        // the weights were rounded to bfloat16
        Assert.True(judge.Classifier.Logits(tokens, [4]).allclose(expected, rtol: 0.02, atol: 0.02));
        Assert.Empty(judge.Parameters);
    }

    [Fact]
    public void Tokenizer_template_and_padding_token_go_with_it()
    {
        string directory = ChatModels.Directory(_folder, "gpt2", "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"),
            saved = Path.Combine(_folder, "saved");
        File.WriteAllText(Path.Combine(directory, "generation_config.json"), """{"eos_token_id": 600}""");
        using (var model = PretrainedCausalLm.Load(directory))
        using (var judge = PretrainedClassifier.FromCausalLm(model, seed: 5))
            judge.Save(saved);

        Assert.Equal(600, (int)Json(Path.Combine(saved, "config.json"))["pad_token_id"]!);
        Assert.Equal("<|endoftext|>", (string?)Json(Path.Combine(saved, "tokenizer_config.json"))["pad_token"]);
        Assert.Equal("<|endoftext|>", (string?)Json(Path.Combine(saved, "special_tokens_map.json"))["pad_token"]);
        Assert.False(File.Exists(Path.Combine(saved, "generation_config.json")));
        using var read = PretrainedClassifier.Load(saved);
        Assert.True(read.HasChatTemplate);
        Assert.Equal(600, read.Tokenizer.PadId);
    }

    [Fact]
    public void A_tokenizer_without_settings_gets_a_file_that_names_the_padding_token()
    {
        string directory = ChatModels.Directory(_folder, "gpt2", "{% for m in messages %}{{ m.content }}{% endfor %}"),
            saved = Path.Combine(_folder, "saved");
        foreach (string name in new[] { "tokenizer_config.json", "special_tokens_map.json" })
            File.Delete(Path.Combine(directory, name));
        using (var model = PretrainedCausalLm.Load(directory))
        using (var judge = PretrainedClassifier.FromCausalLm(model, seed: 5, paddingToken: 600))
            judge.Save(saved);

        Assert.Equal("<|endoftext|>", (string?)Json(Path.Combine(saved, "tokenizer_config.json"))["pad_token"]);
        Assert.False(File.Exists(Path.Combine(saved, "special_tokens_map.json")));
        using var read = PretrainedClassifier.Load(saved);
        Assert.Equal(600, read.Tokenizer.PadId);
    }

    [Fact]
    public void Pairs_that_are_cut_before_they_differ_are_counted()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 5);
        PreferencePair[] pairs =
        [
            new()
            {
                Prompt = "a b c d e f g h",
                Chosen = " i",
                Rejected = " j",
            },
            new()
            {
                Prompt = "a",
                Chosen = " i",
                Rejected = " j",
            },
        ];

        Assert.Equal(0, judge.CountReadAlike(pairs));
        Assert.Equal(1, judge.CountReadAlike(pairs, new ClassifierRewardOptions { MaxLength = 4 }));
        Assert.Equal(2, judge.CountReadAlike(pairs, new ClassifierRewardOptions { MaxLength = 1 }));
    }

    [Fact]
    public async Task Training_reads_what_the_reward_reads()
    {
        string directory = ChatModels.Directory(_folder, "gpt2", "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}");
        using var model = PretrainedCausalLm.Load(directory);
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 5);
        PreferencePair[] pairs = [.. s_pairs, s_pairs[0] with { Prompt = ChatModels.Conversation(("user", "Was it good?")) }];
        Completion[] chosen = [.. pairs.Select(pair => pair.ChosenCompletion)],
            rejected = [.. pairs.Select(pair => pair.RejectedCompletion)];
        var reward = judge.TextReward();
        using var scope = NewDisposeScope();
        (var first, var second) = judge.PairRewards(pairs, new() { RowsPerBatch = 4 });

        Assert.All(
            (await reward.ScoreAsync(chosen, CancellationToken.None)).Zip(first.data<float>()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-5)
        );
        Assert.All(
            (await reward.ScoreAsync(rejected, CancellationToken.None)).Zip(second.data<float>()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-5)
        );
        Assert.Equal(pairs.Length, chosen.Length);
        Assert.False(first.requires_grad);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Training_orders_the_pairs_and_the_saved_judge_is_the_trained_one(bool lora)
    {
        string saved = Path.Combine(_folder, "saved");
        using var judge = Judge(lora);
        byte[] frozen = Frozen(judge);
        Train(judge, from: 0, to: 40);
        judge.Save(saved);
        using var read = PretrainedClassifier.Load(saved);
        using var scope = NewDisposeScope();
        (var chosen, var rejected) = read.PairRewards(s_pairs);
        (var ownChosen, var ownRejected) = judge.PairRewards(s_pairs);

        Assert.True((chosen > rejected).all().ToBoolean());
        Assert.True(chosen.allclose(ownChosen, 1e-4, 1e-4) && rejected.allclose(ownRejected, 1e-4, 1e-4)); // merging adapters rounds
        Assert.Equal(frozen, Frozen(judge));
        Assert.Equal(lora, frozen.Length > 0);
        double[] rewards = [.. await read.TextReward().ScoreAsync([s_pairs[0].ChosenCompletion], CancellationToken.None)];
        Assert.Equal(chosen[0].ToDouble(), rewards[0], 1e-4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_that_goes_on_from_a_checkpoint_ends_with_the_same_bits(bool lora)
    {
        using PretrainedClassifier whole = Judge(lora),
            first = Judge(lora),
            second = Judge(lora);
        string checkpoints = Path.Combine(_folder, "checkpoints");
        Train(whole, 0, 8);
        Train(first, 0, 5, checkpoints);
        Train(second, 0, 8, checkpoints);

        Assert.Equal(All(whole), All(second));
        Assert.NotEqual(All(whole), All(first));
    }

    [Fact]
    public void Fresh_adapters_leave_every_reward_as_it_is()
    {
        using PretrainedClassifier plain = Judge(false),
            adapted = Judge(true);
        using var scope = NewDisposeScope();

        Assert.Equal(
            plain.PairRewards(s_pairs).Chosen.data<float>().ToArray(),
            adapted.PairRewards(s_pairs).Chosen.data<float>().ToArray()
        );
        Assert.Equal((2 * 4 * 2) + 1, adapted.Parameters.Count); // two factors on four layers of each of two blocks, and the head
        Assert.True(plain.Parameters.Count > adapted.Parameters.Count);
    }

    [Fact]
    public void Labels_train_by_cross_entropy()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 5, labels: ["bad", "good"]);
        judge.MakeTrainable();
        Completion[] texts = [.. s_pairs.Select(pair => pair.ChosenCompletion), .. s_pairs.Select(pair => pair.RejectedCompletion)];
        int[] labels = [.. texts.Select((_, i) => i < s_pairs.Length ? 1 : 0)];
        using var adam = new AdamW(judge.Parameters, 3e-3);
        for (int step = 0; step < 40; step++)
        {
            using var inner = NewDisposeScope();
            var loss = RewardModelLoss.CrossEntropy(judge.Logits(texts), labels);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }

        using var scope = NewDisposeScope();
        Assert.Equal(labels.Select(label => (long)label), judge.Logits(texts).argmax(1).data<long>());
        Assert.Contains(
            "bad, good",
            Assert.Throws<ArgumentException>("pairs", () => judge.PairRewards(s_pairs)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_cannot_train_is_refused_with_the_remedy()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        using var judge = Judge(true);
        using var encoder = PretrainedClassifier.Load(ChatModels.Golden("distilbert-classifier"));
        using var half = PretrainedClassifier.Load(
            ChatModels.Golden("gpt2-reward"),
            new PretrainedOptions { ElementType = ScalarType.BFloat16 }
        );

        Assert.Throws<InvalidOperationException>(() => judge.MakeTrainable());
        Assert.Contains(
            "DistilBertClassifier",
            Assert.Throws<ArgumentException>("lora", () => encoder.MakeTrainable(new LoraOptions())).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("Float32", Assert.Throws<InvalidOperationException>(() => half.MakeTrainable()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("paddingToken", () => PretrainedClassifier.FromCausalLm(model, 1, paddingToken: 601));
        Assert.Throws<ArgumentException>("labels", () => PretrainedClassifier.FromCausalLm(model, 1, labels: ["a", "a"]));
        Assert.Throws<ArgumentException>("pairs", () => judge.PairRewards([]));
        Assert.Throws<ArgumentException>("completions", () => judge.Logits([]));
        Assert.Contains(
            "pair 1",
            Assert.Throws<ArgumentException>("pairs", () => judge.PairRewards([s_pairs[0], s_pairs[1] with { OtherPrompt = "x" }])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Adapters_train_on_frozen_bfloat16_weights()
    {
        using var judge = PretrainedClassifier.Load(
            ChatModels.Golden("gpt2-reward"),
            new PretrainedOptions { ElementType = ScalarType.BFloat16 }
        );
        judge.MakeTrainable(new LoraOptions { Rank = 2 }, seed: 1);
        using var scope = NewDisposeScope();
        var logits = judge.Classifier.Logits(tensor(new long[] { 5, 9, 17, 3 }, [1, 4]), [4]);
        logits.sum().backward();

        Assert.Equal(ScalarType.Float32, logits.dtype);
        Assert.All(judge.Parameters, parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        Assert.All(judge.Parameters, parameter => Assert.NotNull(parameter.grad));
        judge.Save(Path.Combine(_folder, "half"));
        using var read = PretrainedClassifier.Load(Path.Combine(_folder, "half"));
        Assert.True(read.Classifier.Logits(tensor(new long[] { 5, 9, 17, 3 }, [1, 4]), [4]).allclose(logits, 0.05, 0.05));
    }

    private static PretrainedClassifier Judge(bool lora)
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        var judge = PretrainedClassifier.FromCausalLm(model, seed: 5);
        judge.MakeTrainable(lora ? new LoraOptions { Rank = 4 } : null, seed: 6);
        return judge;
    }

    private static void Train(PretrainedClassifier judge, long from, long to, string? folder = null)
    {
        using var adam = new AdamW(judge.Parameters, 3e-3);
        using var checkpoints = folder is null ? null : new Checkpoints(folder);
        checkpoints?.Add("judge", judge.Classifier.named_parameters().Where(pair => pair.parameter.requires_grad)).Add("optimizer", adam);
        var order = new BatchOrder<PreferencePair>(s_pairs, seed: 2);
        for (long step = checkpoints?.Restore() ?? from; step < to; step++)
        {
            using var scope = NewDisposeScope();
            var batch = order.Batch(step, 6);
            (var chosen, var rejected) = judge.PairRewards(batch);
            var loss = RewardModelLoss.BradleyTerry(chosen, rejected, [.. batch.Select(pair => pair.Margin)], centring: 0.01);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }

        checkpoints?.Save(to);
    }

    /// <summary>A directory of a language model with random weights,
    /// whose configuration is that of a classifier without what makes it one.</summary>
    private string LanguageModel(JsonObject classifier, string architecture)
    {
        string directory = Path.Combine(_folder, "start");
        var config = classifier.DeepClone().AsObject();
        foreach (string key in (string[])["id2label", "label2id", "pad_token_id"])
            config.Remove(key);
        config["architectures"] = new JsonArray(architecture);
        using var model = PretrainedCausalLm.Create(CausalTransformerConfig.FromJson(config.ToJsonString()), seed: 3);
        model.Save(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), config.ToJsonString());
        return directory;
    }

    private static JsonObject Json(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    private static string[] Layout(WeightFile file) =>
        [.. file.Entries.OrderBy(entry => entry.Offset).Select(entry => $"{entry.Name} {entry.Type} {string.Join('x', entry.Shape)}")];

    private static byte[] Frozen(PretrainedClassifier judge) =>
        Bytes(judge.Classifier.parameters().Where(parameter => !parameter.requires_grad));

    private static byte[] All(PretrainedClassifier judge) => Bytes(judge.Classifier.parameters());

    private static byte[] Bytes(IEnumerable<Tensor> parameters) =>
        [.. parameters.SelectMany(parameter => parameter.detach().contiguous().bytes.ToArray())];
}
