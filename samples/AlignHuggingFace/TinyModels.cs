using System.Text;
using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;

namespace AlignHuggingFace;

/// <summary>A tiny GPT-2, a tiny DistilBERT classifier and prompts, all random, in Hugging Face's layout: to see that everything works, within seconds. Stateless.</summary>
internal static class TinyModels
{
    public const string Policy = "policy", Reward = "reward", Prompts = "prompts.txt", Label = "POSITIVE", EndOfText = "<|endoftext|>";
    private const int Merges = 96, Length = 64, Seed = 7;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the three to a directory.</summary>
    public static void Write(string directory)
    {
        string[] prompts = [.. TinyText.Prompts];
        Directory.CreateDirectory(directory);
        File.WriteAllLines(Path.Combine(directory, Prompts), prompts);
        WritePolicy(Path.Combine(directory, Policy), prompts);
        WriteReward(Path.Combine(directory, Reward), prompts);
    }

    private static void WritePolicy(string directory, string[] texts)
    {
        Directory.CreateDirectory(directory);
        (string[] tokens, string[] merges) = TinyVocabulary.BytePairs(texts, Merges);
        tokens = [.. tokens, EndOfText];
        File.WriteAllText(Path.Combine(directory, "vocab.json"), JsonSerializer.Serialize(tokens.Index().ToDictionary(entry => entry.Item, entry => entry.Index)));
        File.WriteAllLines(Path.Combine(directory, "merges.txt"), ["#version: 0.2", .. merges]);
        WriteJson(directory, "tokenizer_config.json", new { tokenizer_class = "GPT2Tokenizer", add_prefix_space = false, bos_token = EndOfText, eos_token = EndOfText, unk_token = EndOfText });
        using var model = new Gpt2(new Gpt2Config { VocabularySize = tokens.Length, MaxLength = Length, Width = 48, Layers = 2, Heads = 4, Activation = "gelu" }, Seed);
        model.Config.Save(Path.Combine(directory, "config.json"));
        WriteJson(directory, "generation_config.json", new { bos_token_id = tokens.Length - 1, eos_token_id = tokens.Length - 1 });
        SaveWeights(directory, model.state_dict().ToDictionary(pair => $"transformer.{pair.Key}", pair => pair.Value));
    }

    private static void WriteReward(string directory, string[] texts)
    {
        Directory.CreateDirectory(directory);
        string[] tokens = TinyVocabulary.WordPieces(texts);
        File.WriteAllLines(Path.Combine(directory, "vocab.txt"), tokens);
        WriteJson(directory, "tokenizer_config.json", new { tokenizer_class = "DistilBertTokenizer", do_lower_case = true, cls_token = "[CLS]", sep_token = "[SEP]", pad_token = "[PAD]", unk_token = "[UNK]", mask_token = "[MASK]" });
        using var classifier = new DistilBertClassifier(new DistilBertClassifierConfig { VocabularySize = tokens.Length, MaxLength = Length, Width = 32, Layers = 2, Heads = 4, InnerWidth = 64, Labels = ["NEGATIVE", Label] }, Seed);
        Enlarge(classifier.parameters());
        classifier.Config.Save(Path.Combine(directory, "config.json"));
        SaveWeights(directory, classifier.state_dict());
    }

    /// <summary>Random weights as small as those that training begins with give every text nearly the same logit.</summary>
    private static void Enlarge(IEnumerable<Parameter> parameters)
    {
        using var noGradient = torch.no_grad();
        using Scalar factor = 8;
        foreach (var matrix in parameters.Where(parameter => parameter.dim() == 2))
            matrix.mul_(factor);
    }

    private static void SaveWeights(string directory, IReadOnlyDictionary<string, torch.Tensor> weights) =>
        Safetensors.Save(Path.Combine(directory, "model.safetensors"), weights, new Dictionary<string, string> { ["format"] = "pt" });

    private static void WriteJson(string directory, string name, object content) =>
        File.WriteAllText(Path.Combine(directory, name), JsonSerializer.Serialize(content, Indented), new UTF8Encoding(false));
}
