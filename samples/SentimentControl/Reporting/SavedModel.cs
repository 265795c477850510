using System.Text.Json;
using SentimentControl.Datasets;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;

namespace SentimentControl.Reporting;

/// <summary>Weights in a folder of their own: model.safetensors, config.json, vocabulary, and generation.json. Stateless.</summary>
internal static class SavedModel
{
    /// <summary>The folder of the models in the folder of results.</summary>
    public const string Folder = "models";
    private const string Weights = "model.safetensors",
        Config = "config.json",
        Generation = "generation.json";

    /// <summary>Writes a model.</summary>
    public static void Save(string directory, Gpt2 model, IDataset dataset)
    {
        Directory.CreateDirectory(directory);
        Safetensors.Save(Path.Combine(directory, Weights), model);
        model.Config.Save(Path.Combine(directory, Config));
        dataset.SaveVocabulary(directory);
        File.WriteAllText(
            Path.Combine(directory, Generation),
            JsonSerializer.Serialize(new Settings(dataset.Name, dataset.MaxNewTokens, [.. dataset.StopTokens]))
        );
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The folder holds another dataset's model, or a file is damaged.</exception>
    public static (Gpt2 Model, CausalLmPolicy Policy) Load(string directory, IDataset dataset, torch.Device device)
    {
        var settings =
            JsonSerializer.Deserialize<Settings>(File.ReadAllText(Path.Combine(directory, Generation)))
            ?? throw new InvalidDataException($"{Path.Combine(directory, Generation)} is empty.");
        if (settings.Dataset != dataset.Name)
            throw new InvalidDataException(
                $"{directory} holds a model of the dataset {settings.Dataset}; give --dataset {settings.Dataset}."
            );
        var model = new Gpt2(Gpt2Config.Load(Path.Combine(directory, Config)), seed: 0);
        Safetensors.Load(Path.Combine(directory, Weights), model);
        model.to(device);
        model.eval();
        return (
            model,
            new CausalLmPolicy(
                model,
                dataset.LoadVocabulary(directory),
                new GenerationOptions { MaxNewTokens = settings.MaxNewTokens, StopTokens = [.. settings.StopTokens] }
            )
        );
    }

    private sealed record Settings(string Dataset, int MaxNewTokens, int[] StopTokens);
}
