using System.Globalization;
using VariationalBoN.TokenizerReference;

// Holds the library's tokenizers against the engine that made the formats, in one process: ids and decoded texts of random texts.
int texts = 20_000,
    seed = 1;
var files = new List<string>();
for (int i = 0; i < args.Length; i++)
{
    if (
        args[i] is "--texts" or "--seed"
        && i + 1 < args.Length
        && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out int number)
        && number >= 0
    )
        (texts, seed, i) = args[i] == "--texts" ? (number, seed, i + 1) : (texts, number, i + 1);
    else if (File.Exists(args[i]))
        files.Add(args[i]);
    else
        return Usage(args[i]);
}

string folder = Directory.CreateTempSubdirectory("tokenizers").FullName;
try
{
    if (files.Count == 0)
        files.AddRange([.. GoldenFiles(), LargeTokenizer.WriteByteLevel(folder, seed), LargeTokenizer.WriteMetaspace(folder, seed)]);
    Console.WriteLine("| tokenizer | entries | texts | characters | ids differ | decoded differ | result |");
    Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
    bool same = true;
    foreach (string file in files)
    {
        var result = Comparison.Run(file, texts, seed);
        Console.WriteLine(result.Row);
        foreach (string example in result.Examples)
            Console.Error.WriteLine($"  {example}");
        same &= result.IsSame;
    }

    return same ? 0 : 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static IEnumerable<string> GoldenFiles()
{
    string? root = AppContext.BaseDirectory;
    while (root is not null && !File.Exists(Path.Combine(root, "VariationalBoN.sln")))
        root = Path.GetDirectoryName(root);
    string golden = Path.Combine(
        root ?? throw new DirectoryNotFoundException("Run it in the repository, or name files."),
        "tests",
        "VariationalBoN.Tests",
        "Golden",
        "hf"
    );
    return Directory.GetFiles(golden, "tokenizer.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
}

static int Usage(string wrong)
{
    Console.Error.WriteLine(
        $"\"{wrong}\" is no file and no option. Arguments: [--texts 20000] [--seed 1] [tokenizer.json ...]; without files all golden ones "
            + $"and two of 30,000 entries."
    );
    return 2;
}
