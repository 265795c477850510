using System.IO.Compression;
using System.Text;

namespace SentimentControl.Datasets.Austen;

/// <summary>The six novels, as paragraphs that know their novel and chapter. Stateless, thread-safe.</summary>
/// <remarks>Text/README.md tells where the text comes from.</remarks>
internal static class AustenNovels
{
    /// <summary>One chapter in twelve is held out: neither the vocabulary,
    /// the language model nor the reward model is fitted to it.</summary>
    private const int HeldOutEvery = 12,
        HeldOutRemainder = 6;

    /// <summary>File names of the novels, in alphabetical order.</summary>
    public static readonly string[] Names =
    [
        "emma",
        "mansfieldpark",
        "northangerabbey",
        "persuasion",
        "prideprejudice",
        "sensesensibility",
    ];

    /// <summary>All paragraphs of all novels in reading order.</summary>
    /// <returns>The paragraphs; lines are joined by single blanks.</returns>
    /// <exception cref="FileNotFoundException">A novel is not beside the program.</exception>
    public static List<AustenParagraph> Load()
    {
        var paragraphs = new List<AustenParagraph>();
        for (int novel = 0; novel < Names.Length; novel++)
            AddParagraphs(Unpack(AustenFiles.Novel(Names[novel])), novel, paragraphs);
        return paragraphs;
    }

    private static void AddParagraphs(string text, int novel, List<AustenParagraph> destination)
    {
        int chapter = 0;
        var paragraph = new StringBuilder();
        foreach (string line in text.Split('\n').Append(""))
        {
            string words = line.Trim();
            if (words.StartsWith("CHAPTER ", StringComparison.OrdinalIgnoreCase) && words.Length < 16)
                chapter++;
            else if (words.Length > 0)
                paragraph.Append(paragraph.Length > 0 ? " " : "").Append(words);
            else if (paragraph.Length > 0)
            {
                if (chapter > 0)
                    destination.Add(new AustenParagraph(novel, chapter, chapter % HeldOutEvery == HeldOutRemainder, paragraph.ToString()));
                paragraph.Clear();
            }
        }
    }

    private static string Unpack(string path)
    {
        using var unpacked = new BrotliStream(File.OpenRead(path), CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

/// <summary>One paragraph of a novel.</summary>
/// <param name="Novel">Index into <see cref="AustenNovels.Names"/>.</param>
/// <param name="Chapter">Running number of the chapter in its novel, from 1.</param>
/// <param name="HeldOut">Whether the chapter is one that nothing is fitted to.</param>
/// <param name="Text">The text on one line, quotation marks included.</param>
internal readonly record struct AustenParagraph(int Novel, int Chapter, bool HeldOut, string Text);

/// <summary>The files of this dataset, which the build copies beside the program. Stateless, thread-safe.</summary>
internal static class AustenFiles
{
    /// <summary>The folder of the language model: config.json, model.safetensors, vocab.json, merges.txt.</summary>
    public static string Checkpoint => Find("Checkpoint");

    /// <summary>The text of one novel, compressed with Brotli.</summary>
    /// <param name="name">One of <see cref="AustenNovels.Names"/>.</param>
    public static string Novel(string name) => Find(Path.Combine("Text", name + ".txt.br"));

    private static string Find(string name)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Datasets", "Austen", name);
        return Path.Exists(path)
            ? path
            : throw new FileNotFoundException($"{path} is missing: build the sample from a complete clone.", path);
    }
}
