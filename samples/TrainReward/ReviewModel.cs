using System.Text.Json.Nodes;
using SampleReviews;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;

namespace TrainReward;

/// <summary>A small GPT-2 that writes film reviews, as a directory of Hugging Face with a tokenizer of whole words. Stateless.</summary>
internal static class ReviewModel
{
    private const string EndOfText = "<eos>",
        Unknown = "<unk>";
    private const int BatchSize = 52,
        Texts = 26_000,
        LongestText = 48;

    /// <summary>Trains it and writes the directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="steps">Steps of training.</param>
    /// <param name="seed">Fixes first weights and the order of texts.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public static void Write(string directory, int steps, long seed, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        string[] words = [EndOfText, Unknown, .. ReviewWords.Vocabulary];
        WriteTokenizer(directory, words);
        var config = new Gpt2Config
        {
            VocabularySize = words.Length,
            MaxLength = LongestText + 16,
            Width = 64,
            Layers = 2,
            Heads = 4,
            Activation = "relu",
        };
        using var model = PretrainedCausalLm.Create(config, seed, directory);
        var grammar = new ReviewGrammar(2);
        int[][] texts =
        [
            .. Enumerable.Range(0, Texts).Select(_ => model.Tokenizer.Encode(grammar.Next().Text).Add(0).Take(LongestText).ToArray()),
        ];
        var random = new Random((int)(seed % int.MaxValue));
        LanguageModelTraining.Train(
            (Gpt2)model.Model,
            _ => random.GetItems(texts, BatchSize),
            steps,
            learningRate: 4e-3,
            warmUp: 30,
            new Progress<double>(),
            cancellationToken
        );
        model.Save(directory);
        File.WriteAllText(Path.Combine(directory, "generation_config.json"), new JsonObject { ["eos_token_id"] = 0 }.ToJsonString());
    }

    private static void WriteTokenizer(string directory, string[] words)
    {
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(Special(0, EndOfText), Special(1, Unknown)),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "WhitespaceSplit" },
            ["post_processor"] = null,
            ["decoder"] = null,
            ["model"] = new JsonObject
            {
                ["type"] = "WordLevel",
                ["vocab"] = new JsonObject(words.Index().Select(entry => KeyValuePair.Create(entry.Item, (JsonNode?)entry.Index))),
                ["unk_token"] = Unknown,
            },
        };
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(
            Path.Combine(directory, "tokenizer_config.json"),
            new JsonObject
            {
                ["tokenizer_class"] = "PreTrainedTokenizerFast",
                ["eos_token"] = EndOfText,
                ["unk_token"] = Unknown,
                ["clean_up_tokenization_spaces"] = false,
            }.ToJsonString()
        );
    }

    private static JsonObject Special(int id, string token) =>
        new()
        {
            ["id"] = id,
            ["content"] = token,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        };
}
