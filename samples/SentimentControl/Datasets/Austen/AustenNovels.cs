using System.IO.Compression;
using System.Reflection;
using System.Text;

namespace SentimentControl.Datasets.Austen;

/// <summary>The six novels, as paragraphs that know their novel and chapter. Stateless, thread-safe.</summary>
/// <remarks>The text lies in the assembly, compressed with Brotli; its origin is told in Text/README.md.</remarks>
internal static class AustenNovels
{
    /// <summary>One chapter in twelve is held out: neither the vocabulary, the language model nor the reward model is fitted to it.</summary>
    private const int HeldOutEvery = 12, HeldOutRemainder = 6;

    /// <summary>File names of the novels, in alphabetical order.</summary>
    public static readonly string[] Names = ["emma", "mansfieldpark", "northangerabbey", "persuasion", "prideprejudice", "sensesensibility"];

    /// <summary>All paragraphs of all novels in reading order.</summary>
    /// <returns>The paragraphs; lines are joined by single blanks.</returns>
    public static List<AustenParagraph> Load()
    {
        var paragraphs = new List<AustenParagraph>();
        for (int novel = 0; novel < Names.Length; novel++)
            AddParagraphs(ReadResource($"Text/{Names[novel]}.txt.br"), novel, paragraphs);
        return paragraphs;
    }

    private static void AddParagraphs(string text, int novel, List<AustenParagraph> destination)
    {
        int chapter = 0;
        var lines = new StringBuilder();
        foreach (string line in text.Split('\n').Append(""))
        {
            string trimmed = line.Trim();
            if (trimmed.StartsWith("CHAPTER ", StringComparison.OrdinalIgnoreCase) && trimmed.Length < 16)
                chapter++;
            else if (trimmed.Length > 0)
                lines.Append(lines.Length > 0 ? " " : "").Append(trimmed);
            else if (lines.Length > 0)
            {
                if (chapter > 0)
                    destination.Add(new AustenParagraph(novel, chapter, chapter % HeldOutEvery == HeldOutRemainder, lines.ToString()));
                lines.Clear();
            }
        }
    }

    private static string ReadResource(string name)
    {
        using Stream packed = AustenResources.Open(name);
        using var unpacked = new BrotliStream(packed, CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
