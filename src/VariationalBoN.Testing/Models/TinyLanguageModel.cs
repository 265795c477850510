using System.Text.Json.Nodes;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Testing.Models;

/// <summary>
/// Makes a GPT-2 of 0.1 million weights, trained within seconds on <see cref="TinyText"/>, in Hugging Face's layout: stands in for a
/// real model in tests and first programs. Stateless, thread-safe.
/// </summary>
public static class TinyLanguageModel
{
    private const string EndOfText = "<|endoftext|>";
    private const int Merges = 120,
        TextsOfVocabulary = 300,
        Length = 64,
        Rows = 48;
    private const double LearningRate = 5e-3;

    /// <summary>Makes tokenizer and model, trains the model, and writes both to a directory.</summary>
    /// <remarks>The same arguments give the same files on one machine and one number of threads.</remarks>
    /// <param name="directory">Path of the directory: a new or an empty one, or one of a model, which is replaced.</param>
    /// <param name="steps">Training steps; 0 leaves the weights random.</param>
    /// <param name="seed">Fixes the first weights and the order of the text.</param>
    /// <returns><paramref name="directory"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    /// <exception cref="IOException">The directory holds something else, or cannot be written.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static string Write(string directory, int steps = 150, long seed = 7)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        TinyFiles.Prepare(directory);
        WriteRandom(directory, seed);
        if (steps == 0)
            return directory;
        using var model = PretrainedCausalLm.Load(directory);
        Train(model, steps, seed);
        model.Save(directory);
        return directory;
    }

    private static void WriteRandom(string directory, long seed)
    {
        (string[] tokens, string[] merges) = TinyVocabulary.BytePairs(TinyText.Sentences.Take(TextsOfVocabulary), Merges);
        tokens = [.. tokens, EndOfText];
        TinyFiles.WriteJson(
            directory,
            "vocab.json",
            new JsonObject(tokens.Index().Select(entry => KeyValuePair.Create(entry.Item, (JsonNode?)entry.Index)))
        );
        File.WriteAllLines(Path.Combine(directory, "merges.txt"), ["#version: 0.2", .. merges]);
        TinyFiles.WriteJson(
            directory,
            "tokenizer_config.json",
            new JsonObject
            {
                ["tokenizer_class"] = "GPT2Tokenizer",
                ["add_prefix_space"] = false,
                ["bos_token"] = EndOfText,
                ["eos_token"] = EndOfText,
                ["unk_token"] = EndOfText,
            }
        );
        TinyFiles.WriteJson(
            directory,
            "generation_config.json",
            new JsonObject { ["bos_token_id"] = tokens.Length - 1, ["eos_token_id"] = tokens.Length - 1 }
        );
        var config = new Gpt2Config
        {
            VocabularySize = tokens.Length,
            MaxLength = Length,
            Width = 48,
            Layers = 2,
            Heads = 4,
            Activation = "gelu",
        };
        using var model = config.Create(seed);
        config.Save(Path.Combine(directory, "config.json"));
        TinyFiles.WriteWeights(directory, model.state_dict().ToDictionary(pair => $"transformer.{pair.Key}", pair => pair.Value));
    }

    /// <summary>Maximum likelihood of the sentences, each from its first token to the end token.</summary>
    private static void Train(PretrainedCausalLm model, int steps, long seed)
    {
        var policy = new CausalLmPolicy(model.Model, model.Tokenizer);
        var texts = TinyText.Sentences.Select(text => AsCompletion(model, text)).ToArray();
        using var adam = new AdamW(policy.Parameters, LearningRate, beta2: 0.98);
        for (int step = 0; step < steps; step++)
        {
            var random = new CounterRandom(new DrawSeed(seed), "order of the text", step);
            Completion[] batch = [.. Enumerable.Range(0, Rows).Select(row => texts[(int)(random.Uniform(row) * texts.Length)])];
            adam.SetLearningRate(LearningRate * (1 - ((double)step / steps)));
            using var scope = NewDisposeScope();
            var loss = policy.LogProb(batch).mean().neg();
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }
    }

    private static Completion AsCompletion(PretrainedCausalLm model, string text)
    {
        var ids = model.Tokenizer.Encode(text);
        return new Completion
        {
            Prompt = "",
            Text = text,
            PromptTokens = [ids[0]],
            Tokens = [.. ids[1..], .. model.StopTokens],
        };
    }
}
