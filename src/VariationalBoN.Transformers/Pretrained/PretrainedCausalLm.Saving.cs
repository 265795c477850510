using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Gguf;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

public sealed partial class PretrainedCausalLm
{
    /// <summary>
    /// Writes a directory that Python and other engines read as they read the one that was loaded: the same names, files and order of the
    /// weights, <c>config.json</c> with all its keys, the files of the tokenizer byte for byte.
    /// Weights that were pickled are written as safetensors.
    /// </summary>
    /// <param name="directory">
    /// Path of the directory. A new one appears whole or not at all. In one that is there, files of the same names are replaced once all
    /// are written. Weight files, a <c>generation_config.json</c>,
    /// files of a tokenizer and chat templates that this model does not have are removed. Everything else stays.
    /// </param>
    /// <param name="elementType">
    /// The element type of the weights in the files, which <c>config.json</c> then names; null for that in memory, so that nothing is
    /// rounded, whatever type the files had that were loaded.
    /// Steps of training that are smaller than the precision of bfloat16, 1 part in 256, are lost in it.
    /// </param>
    /// <exception cref="ArgumentException">The model has other parameters than it was loaded with,
    /// or the type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, ScalarType? elementType = null) => Save(directory, Model, elementType);

    /// <summary>Writes another model of the same shape, such as one with merged adapters,
    /// as <see cref="Save(string, ScalarType?)"/> writes this one.</summary>
    /// <param name="directory">Path of the directory; a new one appears whole or not at all.</param>
    /// <param name="model">The model, on any device; it stays the caller's.</param>
    /// <param name="elementType">The element type of the weights in the files; null for that of <paramref name="model"/> in memory.</param>
    /// <exception cref="ArgumentException">The model has other parameters than this one,
    /// which the message names, or the type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, CausalTransformer model, ScalarType? elementType = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _files.Save(directory, model, _layout, elementType);
    }

    /// <summary>Writes the model with tokenizer and chat template as one GGUF file, which llama.cpp and what builds on it load.</summary>
    /// <remarks>
    /// Source: GGUF version 3. Families: GPT-2, Llama, Mistral, Qwen 2 and Qwen 3. A model without
    /// a tokenizer is written without one. <see cref="PretrainedOptions.Logger"/> receives a
    /// warning, before the file is begun, where llama.cpp splits some texts into other tokens.
    /// </remarks>
    /// <param name="path">Path of the file, as a rule <c>*.gguf</c>. It appears whole or not at all.</param>
    /// <param name="type">How matrices are stored.</param>
    /// <param name="model">Another model of the same shape, such as one with merged adapters;
    /// null for <see cref="Model"/>. On any device.</param>
    /// <exception cref="NotSupportedException">
    /// llama.cpp does not compute what the model does, such as its activation or window, or does not cut texts as its tokenizer does; or
    /// the model has adapters that are not merged. The message names the setting.
    /// </exception>
    /// <exception cref="InvalidDataException"><c>tokenizer.model</c> beside
    /// <c>tokenizer.json</c> is damaged or holds other tokens.</exception>
    /// <exception cref="ArgumentException">The type is not a member of <see cref="GgufType"/>, the model
    /// is of another shape, or a weight is too large for the type; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there is unchanged.</exception>
    [Experimental(ExperimentalIds.Gguf)]
    public void SaveGguf(string path, GgufType type = GgufType.F16, CausalTransformer? model = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (type is not (GgufType.F32 or GgufType.F16 or GgufType.Q8))
            throw new ArgumentException(
                $"The type is {type}; it must be one of {string.Join(", ", Enum.GetNames<GgufType>())}.",
                nameof(type)
            );
        model ??= Model;
        if (model.Shape.ToJson() != Model.Shape.ToJson())
            throw new ArgumentException("The model is of another shape than the one whose tokenizer is written with it.", nameof(model));
        var file = new GgufFile();
        GgufArchitecture.Add(file, model, type);
        if (_text.Tokenizer is null)
            GgufTokenizer.AddNone(file);
        else if (
            GgufTokenizer.Add(file, _files.TokenizerFiles, _text.Tokenizer, StopTokens, HasChatTemplate ? ChatTemplate.Source : null)
            is string warning
        )
            Logger?.GgufTokens(path, warning);
        file.Save(path);
    }
}
