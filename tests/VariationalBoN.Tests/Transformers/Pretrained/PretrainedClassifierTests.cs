using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Tests.Transformers.Classifiers;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>Classifier directories through the facade, as reward models, against the logits of transformers 4.57.</summary>
[Trait("Tier", "torch")]
public sealed class PretrainedClassifierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pretrained").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    public async Task Rewards_of_texts_are_the_logits_of_transformers(string name)
    {
        using var classifier = PretrainedClassifier.Load(Golden(name));
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden(name), "expected.json")));
        foreach (
            var texts in expected
                .RootElement.GetProperty("classifier")
                .GetProperty("texts")
                .EnumerateArray()
                .GroupBy(text => text.GetProperty("max_length").GetInt32())
        )
        {
            Completion[] completions =
            [
                .. texts.Select(text => new Completion { Prompt = "", Text = text.GetProperty("text").GetString()! }),
            ];
            for (int label = 0; label < classifier.Classifier.Labels.Length; label++)
            {
                var reward = classifier.TextReward(new ClassifierRewardOptions { LabelIndex = label, MaxLength = texts.Key });
                var actual = await reward.ScoreAsync(completions, CancellationToken.None);
                Assert.All(
                    texts.Zip(actual),
                    pair =>
                        Assert.Equal(Logits(pair.First)[label], pair.Second, ClassifierCase.Tolerance * Logits(pair.First).Max(Math.Abs))
                );
            }
        }
    }

    [Fact]
    public async Task A_conversation_is_read_by_the_classifiers_own_template_whatever_the_policy_read()
    {
        string directory = ChatModels.Directory(
            _folder,
            "llama-reward",
            "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}?{% endif %}"
        );
        var tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden("qwen2"), "tokenizer.json")))!.AsObject();
        var model = tokenizer["model"]!.AsObject();
        model["merges"] = new JsonArray();
        model["vocab"] = new JsonObject(
            model["vocab"]!
                .AsObject()
                .Where(entry => (int)entry.Value! < 256)
                .Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()))
        );
        tokenizer["added_tokens"] = new JsonArray();
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(Path.Combine(directory, "tokenizer_config.json"), """{"tokenizer_class": "PreTrainedTokenizerFast"}""");
        using var classifier = PretrainedClassifier.Load(directory);
        Completion[] completions =
        [
            new()
            {
                Prompt = ChatModels.Conversation(("user", "q")),
                Text = "a",
                PromptTokens = [1, 2],
                Tokens = [3],
            },
            new() { Prompt = "The film", Text = " is good" },
        ];
        Completion[] read =
        [
            Tokens([.. classifier.Tokenizer.Encode("[user]q[assistant]a")]),
            Tokens([.. classifier.Tokenizer.Encode("The film is good")]),
        ];
        IRewardModel reward = classifier.TextReward();

        Assert.Equal(
            await classifier.TokenReward().ScoreAsync(read, CancellationToken.None),
            await reward.ScoreAsync(completions, CancellationToken.None)
        );
        Assert.Contains(classifier.Chat().Template.Digest, reward.Identity.ToJson(), StringComparison.Ordinal);
        Assert.Equal(
            await classifier.TextReward(new ClassifierRewardOptions { MaxLength = 3 }).ScoreAsync(completions[..1], CancellationToken.None),
            await classifier
                .TokenReward()
                .ScoreAsync([Tokens([.. classifier.Tokenizer.Encode("[user]q[assistant]a").TakeLast(3)])], CancellationToken.None)
        );
    }

    [Theory]
    [InlineData("gpt2-reward")]
    [InlineData("llama-reward")]
    public async Task Rewards_of_tokens_are_the_logits_of_transformers(string name)
    {
        using var classifier = PretrainedClassifier.Load(Golden(name));
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden(name), "expected.json")));
        var rows = expected.RootElement.GetProperty("classifier").GetProperty("rows").EnumerateArray().ToList();
        var actual = await classifier
            .TokenReward()
            .ScoreAsync(
                [.. rows.Select(row => Tokens([.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]))],
                CancellationToken.None
            );
        Assert.All(
            rows.Zip(actual),
            pair => Assert.Equal(Logits(pair.First)[0], pair.Second, ClassifierCase.Tolerance * Math.Abs(Logits(pair.First)[0]))
        );
        Assert.False(classifier.HasTokenizer);
        Assert.Contains(
            "no tokenizer",
            Assert.Throws<InvalidOperationException>(() => classifier.TextReward()).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    [InlineData("gpt2-reward")]
    [InlineData("llama-reward")]
    public void Saved_directory_is_the_loaded_one_byte_for_byte(string name)
    {
        using var classifier = PretrainedClassifier.Load(Golden(name));
        Assert.All(classifier.Classifier.parameters(), parameter => Assert.False(parameter.requires_grad));
        string target = Path.Combine(_folder, "out");
        classifier.Save(target);
        string[] expected =
        [
            .. Directory.GetFiles(Golden(name)).Select(file => Path.GetFileName(file)).Where(file => file != "expected.json"),
        ];
        Assert.Equal(expected.Order(), Directory.GetFiles(target).Select(file => Path.GetFileName(file)).Order());
        Assert.All(
            expected,
            file => Assert.Equal(File.ReadAllBytes(Path.Combine(Golden(name), file)), File.ReadAllBytes(Path.Combine(target, file)))
        );
    }

    [Fact]
    public void Missing_label_is_refused_with_the_labels()
    {
        string directory = Golden("distilbert-classifier");
        // snippet: reward
        using var sentiment = PretrainedClassifier.Load(directory);
        // the logit of a label for the text of prompt and completion
        IRewardModel reward = sentiment.TextReward(new ClassifierRewardOptions { LabelIndex = 1 });
        // end snippet
        Assert.Equal("classifier", reward.Identity.Name);
        Assert.Contains(
            sentiment.Classifier.Labels[1],
            Assert.Throws<ArgumentException>(() => sentiment.TextReward()).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Language_model_is_no_classifier() =>
        Assert.Contains(
            "config.json",
            Assert.Throws<InvalidDataException>(() => PretrainedClassifier.Load(Golden("gpt2"))).Message,
            StringComparison.Ordinal
        );

    private static double[] Logits(JsonElement element) =>
        [.. element.GetProperty("logits").EnumerateArray().Select(logit => logit.GetDouble())];

    private static Completion Tokens(int[] ids) =>
        new()
        {
            Prompt = "",
            Text = "",
            PromptTokens = [ids[0]],
            Tokens = [.. ids[1..]],
        };

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);
}
