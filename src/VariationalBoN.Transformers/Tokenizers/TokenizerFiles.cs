using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The files of a tokenizer by name, so that tests can hand in bytes that no disk holds.</summary>
/// <param name="directory">What the messages call the place.</param>
/// <param name="read">The bytes of a file, null when there is none of that name.</param>
internal sealed class TokenizerFiles(string directory, Func<string, byte[]?> read)
{
    internal string Directory { get; } = directory;

    internal static TokenizerFiles In(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no directory {directory}.");
        return new TokenizerFiles(
            directory,
            name => InputFile.Find(directory, name) is string path ? InputFile.ReadAll(path, InputFile.LongestTokenizerFile) : null
        );
    }

    internal string PathOf(string name) => Path.Combine(Directory, name);

    internal byte[]? Bytes(string name) => read(name);

    internal JsonSection? Json(string name) => read(name) is byte[] bytes ? JsonSection.Parse(PathOf(name), bytes) : null;

    /// <summary>The lines of a text file as Python's text mode yields them; null when there is none of that name.</summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8.</exception>
    internal string[]? Lines(string name) =>
        Text(name) is not string text ? null
        : text.Length == 0 ? []
        : (text.EndsWith('\n') ? text[..^1] : text).Split('\n');

    /// <summary>
    /// A text file as Python's text mode reads it, with line feeds alone between lines; null when there is none of that name.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8.</exception>
    internal string? Text(string name)
    {
        if (read(name) is not byte[] bytes)
            return null;
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            throw new InvalidDataException($"{PathOf(name)}: byte {Utf8Text.FirstInvalid(bytes)} is not UTF-8.");
        return System.Text.Encoding.UTF8.GetString(bytes).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
    }
}
