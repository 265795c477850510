using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Which part of a table of reference samples a process draws:
/// shard <see cref="Index"/> of <see cref="Count"/>. Immutable, thread-safe.</summary>
/// <remarks>
/// Shards share the samples of every prompt, not the prompts: equal work, and each has what the ranks of all prompts need. Each has a store
/// of its own (<see cref="StorePath"/>); <see cref="Merge"/> joins them. No process talks to another, so that any scheduler can start them.
/// </remarks>
public sealed record Shard
{
    private const string SlurmTask = "SLURM_ARRAY_TASK_ID",
        SlurmMin = "SLURM_ARRAY_TASK_MIN",
        SlurmStep = "SLURM_ARRAY_TASK_STEP";
    private const string SlurmCount = "SLURM_ARRAY_TASK_COUNT",
        KubernetesIndex = "JOB_COMPLETION_INDEX",
        OwnCount = "VBON_SHARD_COUNT";

    /// <summary>Creates a shard.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="count">How many there are, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public Shard(int index, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (index < 0 || index >= count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The shards of {count} are 0 to {count - 1}.");
        (Index, Count) = (index, count);
    }

    /// <summary>Which shard of the job, from 0.</summary>
    public int Index { get; }

    /// <summary>How many shards the job has.</summary>
    public int Count { get; }

    /// <summary>Reads "index/count", such as 0/8, the first of eight.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The shard.</returns>
    /// <exception cref="FormatException">It is no such text, or the index is not below the count.</exception>
    public static Shard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('/');
        return parts.Length == 2 && Number(parts[0]) is int index && Number(parts[1]) is int count && index < count
            ? new Shard(index, count)
            : throw new FormatException(
                $"\"{text}\" is no shard; write index/count with an index from 0 to count - 1, such as 0/8, the " + "first of eight."
            );
    }

    /// <summary>
    /// The shard of a process in a job of many: of a SLURM array, from SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT; of an Indexed Job of
    /// Kubernetes, from JOB_COMPLETION_INDEX and VBON_SHARD_COUNT.
    /// </summary>
    /// <remarks>
    /// With VBON_SHARD_COUNT in a SLURM array the task's id is the index, from 0:
    /// so one task of the array can be submitted again alone, which SLURM would call an array of one.
    /// </remarks>
    /// <returns>The shard.</returns>
    /// <exception cref="InvalidOperationException">The process is in no such job,
    /// or a variable is missing or no number; the message names it.</exception>
    public static Shard FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>The samples of this shard: whole blocks of samples of every prompt.</summary>
    /// <param name="options">Those of the whole table, with <see cref="ReferenceTableOptions.SamplesPerBlock"/>,
    /// which all shards have in common.</param>
    /// <returns>The options with the range of this shard, and its store where they name one.</returns>
    /// <exception cref="ArgumentException">SamplesPerBlock is not set,
    /// there are fewer blocks of samples than shards, or an option is out of range.</exception>
    public ReferenceTableOptions Cut(ReferenceTableOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (options.SamplesPerBlock is not int block)
            throw new ArgumentException(
                $"{nameof(ReferenceTableOptions.SamplesPerBlock)} is not set; shards draw whole blocks of "
                    + $"samples. Set it to a divisor of M ({options.SamplesPerPrompt}), the same for all shards and for a run of one "
                    + $"process "
                    + "that is to give the same.",
                nameof(options)
            );
        long blocks = options.SamplesPerPrompt / block;
        if (blocks < Count)
            throw new ArgumentException(
                $"M = {options.SamplesPerPrompt} samples in blocks of {block} are {blocks} ranges, too few for "
                    + $"{Count} shards. Take at most {blocks} shards, or a smaller SamplesPerBlock.",
                nameof(options)
            );
        int first = (int)(blocks * Index / Count) * block,
            end = (int)(blocks * (Index + 1) / Count) * block;
        return options with
        {
            FirstSample = options.FirstSample + first,
            SamplesPerPrompt = end - first,
            Store = options.Store is null ? null : StorePath(options.Store),
        };
    }

    /// <summary>The file of this shard's store beside that of the whole table: references.db becomes references.0-of-8.db.</summary>
    /// <param name="path">The store of the whole table.</param>
    /// <returns>The path.</returns>
    public string StorePath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"{Path.GetFileNameWithoutExtension(path)}.{Index}-of-{Count}{Path.GetExtension(path)}"
        );
        return Path.Combine(Path.GetDirectoryName(path) ?? "", name);
    }

    /// <summary>Joins the stores of all shards (<see cref="ReferenceStore.Merge"/>);
    /// what was joined before is left out, so a merge that was interrupted is called again.</summary>
    /// <remarks>
    /// A shard that has not ended lacks samples, and then so has the table:
    /// <see cref="ReferenceTable.EstimateAsync(Scorer, IReadOnlyList{Prompt}, ReferenceTableOptions, CancellationToken)"/>
    /// with the options of the whole draws what is missing.
    /// </remarks>
    /// <param name="path">The store of the whole table.</param>
    /// <param name="count">How many shards there are; null for as many as the files beside <paramref name="path"/> say.</param>
    /// <param name="options">How it is written.</param>
    /// <returns>How many rows were copied.</returns>
    /// <exception cref="FileNotFoundException">A shard has no store yet; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The stores are of different things, or were drawn under another execution, or the
    /// files are of jobs with different counts; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">A file is no store, or a row is damaged.</exception>
    /// <exception cref="IOException">The store is being written, or a file cannot be read or written.</exception>
    public static int Merge(string path, int? count = null, ReferenceStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (count is int given)
            ArgumentOutOfRangeException.ThrowIfLessThan(given, 1, nameof(count));
        int shardCount = count ?? CountBeside(path);
        Shard[] shards = [.. Enumerable.Range(0, shardCount).Select(index => new Shard(index, shardCount))];
        if (shards.FirstOrDefault(shard => !File.Exists(shard.StorePath(path))) is Shard absent)
            throw new FileNotFoundException(
                $"Shard {absent} has no store: {absent.StorePath(path)} does not exist. Run it, or bring " + "its file here.",
                absent.StorePath(path)
            );
        return ReferenceStore.Merge(path, [.. shards.Select(shard => shard.StorePath(path))], options);
    }

    /// <summary>Index and count, as <see cref="Parse"/> reads them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");

    /// <summary>The shard that variables name.</summary>
    internal static Shard From(Func<string, string?> variable)
    {
        bool slurm = variable(SlurmTask) is not null,
            kubernetes = variable(KubernetesIndex) is not null;
        if (slurm == kubernetes)
        {
            throw new InvalidOperationException(
                slurm
                    ? $"{SlurmTask} and {KubernetesIndex} are both set, so that this process would be of two jobs. Give the shard as "
                        + "index/count."
                    : $"Neither {SlurmTask} (a SLURM array) nor {KubernetesIndex} (an Indexed Job of Kubernetes) is set. Start the process "
                        + "by one of them, or give the shard as index/count."
            );
        }

        if (kubernetes)
            return Of(Required(KubernetesIndex), Required(OwnCount), KubernetesIndex, OwnCount);
        int task = Required(SlurmTask);
        if (variable(OwnCount) is not null)
            return Of(task, Required(OwnCount), SlurmTask, OwnCount);
        int min = Required(SlurmMin),
            step = Required(SlurmStep);
        if (step < 1 || task < min || (task - min) % step != 0)
            throw new InvalidOperationException(
                $"{SlurmTask} is {task}, {SlurmMin} {min} and {SlurmStep} {step}: the task is not one "
                    + "of the array. Submit with --array=0-7."
            );
        return Of((task - min) / step, Required(SlurmCount), SlurmTask, SlurmCount);

        int Required(string name) =>
            variable(name) is not string value
                ? throw new InvalidOperationException(
                    $"{name} is not set, so that the shard of this process is not known. "
                        + (
                            name == OwnCount
                                ? "Set it to the number of shards (the completions of the job)."
                                : "SLURM sets it for a job with --array=0-7."
                        )
                )
                : Number(value) ?? throw new InvalidOperationException($"{name} is \"{value}\"; it must be a number, 0 or more.");
    }

    /// <summary>How many shards there are, by the names of their files.</summary>
    private static int CountBeside(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!,
            name = Path.GetFileNameWithoutExtension(path) + ".",
            extension = Path.GetExtension(path);
        int[] counts =
        [
            .. (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"{name}*-of-*{extension}") : [])
                .Select(file => Path.GetFileName(file)!)
                .Select(file => file[name.Length..^extension.Length].Split("-of-"))
                .Where(parts => parts.Length == 2 && Number(parts[0]) is not null)
                .Select(parts => Number(parts[1]))
                .OfType<int>()
                .Distinct()
                .Order(),
        ];
        return counts switch
        {
            [int one] => one,
            [] => throw new FileNotFoundException(
                $"No shard of {path} is there: {new Shard(0, 2).StorePath(path)} and its like. Draw " + "them, or bring their files here.",
                path
            ),
            _ => throw new InvalidOperationException(
                $"Beside {path} are shards of jobs with {string.Join(" and ", counts)} shards. "
                    + "Leave those of one job there, or give the count."
            ),
        };
    }

    private static Shard Of(int index, int count, string indexName, string countName) =>
        index < count
            ? new Shard(index, count)
            : throw new InvalidOperationException(
                $"{indexName} makes this shard {index}, and {countName} says that there are {count}, 0 to "
                    + $"{count - 1}. Submit an array without gaps, such as --array=0-7, or set {countName} to the number of shards."
            );

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
