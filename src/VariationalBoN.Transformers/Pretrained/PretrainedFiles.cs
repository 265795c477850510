using System.Collections.Immutable;
using System.Text;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Tokenizers;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>What a Hugging Face directory holds beside the weights, kept as it was found so that it can be written again.</summary>
internal sealed class PretrainedFiles
{
    private const string ConfigName = "config.json",
        GenerationName = "generation_config.json",
        TemplateName = "chat_template.jinja";

    /// <summary>Files that say how text becomes tokens and back; a tokenizer needs one of the first four.</summary>
    private static readonly string[] TokenizerNames =
    [
        "tokenizer.json",
        "vocab.json",
        "vocab.txt",
        "tokenizer.model",
        "merges.txt",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        TemplateName,
        "chat_template.json",
    ];

    /// <summary>Files that name the special tokens.</summary>
    private static readonly string[] SettingsNames = ["tokenizer_config.json", "special_tokens_map.json"];

    /// <summary>The folder of further chat templates, each a file.</summary>
    private const string TemplatesFolder = "additional_chat_templates";

    private readonly string _directory;
    private readonly byte[] _config;
    private readonly List<(string Name, byte[] Content)> _others;
    private readonly TemplateFiles? _templates;

    private PretrainedFiles(string directory, byte[] config, List<(string Name, byte[] Content)> others, string? tokenizerDirectory)
        : this(directory, config, others, tokenizerDirectory is null ? null : TemplateFiles.In(tokenizerDirectory)) { }

    private PretrainedFiles(string directory, byte[] config, List<(string Name, byte[] Content)> others, TemplateFiles? templates) =>
        (_directory, _config, _others, _templates) = (directory, config, others, templates);

    /// <summary>Whether there is a chat template.</summary>
    internal bool HasChatTemplate => _templates is { Any: true };

    /// <summary>The text of <c>config.json</c>.</summary>
    internal string Config => Encoding.UTF8.GetString(_config);

    internal bool HasTokenizer => _others.Any(file => TokenizerNames.AsSpan(0, 4).Contains(file.Name));

    /// <summary>Reads the files of a directory.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="FileNotFoundException">It has no <c>config.json</c>.</exception>
    internal static PretrainedFiles Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no directory {directory}.");
        if (InputFile.Find(directory, ConfigName) is not string config)
            throw new FileNotFoundException(
                $"{directory} is no model directory: there is no {ConfigName}{WhyNone(directory)}.",
                Path.Combine(directory, ConfigName)
            );
        return new PretrainedFiles(
            directory,
            InputFile.ReadAll(config, InputFile.LongestConfig),
            Others(directory, [.. TokenizerNames, GenerationName]),
            directory
        );
    }

    /// <summary>The files of a model that comes from no directory.</summary>
    /// <param name="config">The text of its <c>config.json</c>.</param>
    /// <param name="tokenizerDirectory">Where its tokenizer lies; null for none.</param>
    internal static PretrainedFiles New(string config, string? tokenizerDirectory) =>
        new(
            tokenizerDirectory ?? "the new model",
            Encoding.UTF8.GetBytes(config),
            tokenizerDirectory is null ? [] : Others(tokenizerDirectory, TokenizerNames),
            tokenizerDirectory
        );

    /// <summary>The files of another model with this tokenizer and chat template: a classifier, which generates nothing.</summary>
    /// <param name="config">The text of its <c>config.json</c>.</param>
    /// <param name="padding">The padding token where the settings of the tokenizer name none,
    /// which then name it, in a new file where there are no settings; else null.</param>
    internal PretrainedFiles WithConfig(string config, string? padding) =>
        new(
            _directory,
            Encoding.UTF8.GetBytes(config),
            [
                .. _others
                    .Where(file => file.Name != GenerationName)
                    .Select(file =>
                        (
                            file.Name,
                            padding is null || !SettingsNames.Contains(file.Name)
                                ? file.Content
                                : ConfigText.WithPadding(file.Content, padding)
                        )
                    ),
                .. padding is null || _others.Exists(file => SettingsNames.Contains(file.Name))
                    ? (IEnumerable<(string, byte[])>)[]
                    : [(SettingsNames[0], ConfigText.WithPadding("{}"u8, padding))],
            ],
            _templates
        );

    /// <summary>The tokenizer; null where the directory has none.</summary>
    internal HuggingFaceTokenizer? Tokenizer(int vocabularySize) =>
        !HasTokenizer ? null : HuggingFaceTokenizer.Load(TokenizerFiles, vocabularySize);

    /// <summary>The files of the tokenizer.</summary>
    internal TokenizerFiles TokenizerFiles =>
        new(
            _directory, // the class of the tokenizer may follow from the model
            name => name == ConfigName ? _config : _others.Find(file => file.Name == name).Content
        );

    /// <summary>The chat template.</summary>
    /// <exception cref="ChatTemplateException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">There is none.</exception>
    internal ChatTemplate ChatTemplate() =>
        _templates?.Choose(null) ?? throw new InvalidDataException($"There is no chat template in {_directory}; give one of your own.");

    /// <summary>What <paramref name="read"/> makes of <c>config.json</c>; an error names the file.</summary>
    internal T ReadConfig<T>(Func<string, T> read) => Named(ConfigName, () => read(Config));

    /// <summary>The tokens that end a text: those of <c>generation_config.json</c>, which counts first, or of <c>config.json</c>.</summary>
    internal ImmutableArray<int> StopTokens(int vocabularySize)
    {
        byte[]? generation = _others.Find(file => file.Name == GenerationName).Content;
        var stops = generation is null
            ? null
            : Named(GenerationName, () => ConfigText.StopTokens(Encoding.UTF8.GetString(generation), vocabularySize));
        return stops ?? ReadConfig(json => ConfigText.StopTokens(json, vocabularySize)) ?? [];
    }

    /// <summary>The file that <see cref="StopTokens(int)"/> reads them from.</summary>
    internal string StopTokensPlace =>
        _others.Find(file => file.Name == GenerationName).Content is byte[] generation
        && ConfigReader.Parse(Encoding.UTF8.GetString(generation)).Has("eos_token_id")
            ? GenerationName
            : ConfigName;

    /// <summary>Writes everything with the weights of a module; see <see cref="AtomicDirectory"/>.</summary>
    internal void Save(string directory, nn.Module module, WeightLayout layout, ScalarType? type)
    {
        if (type is not (null or ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64))
            throw new ArgumentException($"The element type is {type}; it must be Float32, BFloat16, Float16 or Float64.", nameof(type));
        AtomicDirectory.Write(
            directory,
            staging =>
            {
                foreach ((string name, byte[] content) in _others)
                    Write(staging, name, content);
                var tensors = module.state_dict();
                WeightWriter.Write(staging, tensors, layout, type);
                Write(
                    staging,
                    ConfigName,
                    ConfigText.WithElementType(_config, type ?? tensors.Values.First(tensor => tensor.is_floating_point()).dtype)
                );
            },
            name =>
                WeightDirectory.IsWritten(name)
                || name == GenerationName
                || (
                    HasTokenizer
                    && (
                        TokenizerNames.Contains(name)
                        || name.StartsWith(TemplatesFolder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                    )
                ),
            [.. TokenizerNames.AsSpan(0, 4), WeightFormat.Safetensors.Index, WeightFormat.Safetensors.Single, ConfigName]
        );
    }

    private static void Write(string directory, string name, byte[] content)
    {
        string path = Path.Combine(directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream => stream.Write(content));
    }

    private static List<(string Name, byte[] Content)> Others(string directory, IEnumerable<string> names) =>
        [
            .. names
                .Concat(Templates(directory))
                .Select(name => (Name: name, Path: InputFile.Find(directory, name)))
                .Where(file => file.Path is not null)
                .Select(file =>
                    (
                        file.Name,
                        InputFile.ReadAll(
                            file.Path!,
                            file.Name == GenerationName || file.Name.EndsWith(".jinja", StringComparison.Ordinal)
                                ? InputFile.LongestConfig
                                : InputFile.LongestTokenizerFile
                        )
                    )
                ),
        ];

    private static string WhyNone(string directory) =>
        File.Exists(Path.Combine(directory, "adapter_config.json")) ? "; it holds an adapter, which is loaded on top of its base model"
        : AtomicDirectory.LeftIn(directory).FirstOrDefault() is string left
            ? $"; a save into it was killed, so save again (what it had written is in {left})"
        : "";

    private static IEnumerable<string> Templates(string directory)
    {
        string folder = Path.Combine(directory, TemplatesFolder);
        return Directory.Exists(folder)
            ? Directory
                .GetFiles(folder, "*.jinja")
                .Order(StringComparer.Ordinal)
                .Select(file => Path.Combine(TemplatesFolder, Path.GetFileName(file)))
            : [];
    }

    private T Named<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Path.Combine(_directory, name)}: {e.Message}", e);
        }
    }
}
