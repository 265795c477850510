using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ShardTests
{
    private static readonly ReferenceTableOptions s_whole = new()
    {
        SamplesPerPrompt = 224,
        SamplesPerBlock = 32,
        FirstSample = 64,
        Store = Path.Combine("runs", "references.db"),
    };

    [Theory]
    [InlineData("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=8", "0/8")]
    [InlineData("SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=4 SLURM_ARRAY_TASK_COUNT=3", "2/3")]
    [InlineData("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=1 VBON_SHARD_COUNT=8", "3/8")]
    [InlineData("JOB_COMPLETION_INDEX=7 VBON_SHARD_COUNT=8", "7/8")]
    public void The_variables_of_a_job_name_the_shard(string variables, string shard) => Assert.Equal(Shard.Parse(shard), From(variables));

    [Theory]
    [InlineData("", "Neither SLURM_ARRAY_TASK_ID")]
    [InlineData("JOB_COMPLETION_INDEX=0", "VBON_SHARD_COUNT is not set")]
    [InlineData("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=1", "SLURM_ARRAY_TASK_COUNT is not set")]
    [InlineData("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=1", "SLURM_ARRAY_TASK_MIN is not set")]
    [InlineData(
        "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3",
        "shard 6, and SLURM_ARRAY_TASK_COUNT says that there are 3"
    )]
    [InlineData("SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=3", "not one of the array")]
    [InlineData("JOB_COMPLETION_INDEX=8 VBON_SHARD_COUNT=8", "shard 8, and VBON_SHARD_COUNT says that there are 8, 0 to 7")]
    [InlineData("JOB_COMPLETION_INDEX=x VBON_SHARD_COUNT=8", "JOB_COMPLETION_INDEX is \"x\"")]
    [InlineData("JOB_COMPLETION_INDEX=0 VBON_SHARD_COUNT=0", "VBON_SHARD_COUNT says that there are 0")]
    [InlineData("JOB_COMPLETION_INDEX=0 VBON_SHARD_COUNT=1 SLURM_ARRAY_TASK_ID=0", "are both set")]
    public void A_job_that_does_not_name_its_shard_is_told_which_variable(string variables, string said) =>
        Assert.Contains(said, Assert.Throws<InvalidOperationException>(() => From(variables)).Message);

    [Theory]
    [InlineData("8/8")]
    [InlineData("-1/8")]
    [InlineData("1")]
    [InlineData("1/2/3")]
    [InlineData(" 1/2")]
    [InlineData("0/0")]
    public void A_text_that_is_no_shard_is_refused(string text) =>
        Assert.Contains("0/8, the first of eight", Assert.Throws<FormatException>(() => Shard.Parse(text)).Message);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Shards_share_all_samples_in_whole_blocks_nearly_equally(int count)
    {
        ReferenceTableOptions[] shards = [.. Enumerable.Range(0, count).Select(index => new Shard(index, count).Cut(s_whole))];

        Assert.Equal(Enumerable.Range(64, 224), shards.SelectMany(shard => Enumerable.Range(shard.FirstSample, shard.SamplesPerPrompt)));
        Assert.All(shards, shard => Assert.Equal((0, 0), (shard.FirstSample % 32, shard.SamplesPerPrompt % 32)));
        Assert.InRange(shards.Max(shard => shard.SamplesPerPrompt) - shards.Min(shard => shard.SamplesPerPrompt), 0, 32);
        Assert.Equal(count, shards.Select(shard => shard.Store).Distinct().Count());
        Assert.Equal(Path.Combine("runs", $"references.0-of-{count}.db"), shards[0].Store);
        Prompt[] prompts = [.. Enumerable.Range(0, 5).Select(i => $"p{i}")];
        Assert.Equal( // whoever draws them, the blocks are those of one process
            DrawBlock.Cut(prompts, s_whole with { PromptsPerBatch = 2 }).Select(Block),
            shards.SelectMany(shard => DrawBlock.Cut(prompts, shard with { PromptsPerBatch = 2 })).Select(Block)
        );

        static string Block(DrawBlock block) => $"{string.Join(' ', block.Prompts)} from {block.FirstSample}, {block.Samples}";
    }

    [Fact]
    public void Blocks_cover_each_prompt_and_sample_of_a_call_once()
    {
        Prompt[] prompts = ["a", "b", "c", "a"];
        var seen = new List<(int Place, int Sample, int Number)>();
        foreach (
            DrawBlock block in DrawBlock.Cut(prompts, completionsPerPrompt: 5, firstSample: 10, promptsPerBlock: 2, samplesPerBlock: 3)
        )
        {
            Assert.Equal(block.Prompts, prompts[block.FirstPrompt..(block.FirstPrompt + block.Prompts.Length)]);
            int before = seen.Count;
            for (int p = 0; p < block.Prompts.Length; p++)
            {
                for (int k = 0; k < block.Samples; k++)
                    seen.Add((block.FirstPrompt + p, block.Offset + k, block.FirstSample + k));
            }

            Assert.Equal(block.Completions, seen.Count - before);
        }

        // the prompt that stands twice has other samples in the second place
        Assert.Equal(
            from place in Enumerable.Range(0, 4)
            from sample in Enumerable.Range(0, 5)
            select (place, sample, 10 + sample + (place == 3 ? 5 : 0)),
            seen.Order()
        );
    }

    [Fact]
    public void More_shards_than_blocks_and_no_size_of_blocks_are_refused()
    {
        Assert.Contains("7 ranges, too few for 8 shards", Assert.Throws<ArgumentException>(() => new Shard(0, 8).Cut(s_whole)).Message);
        Assert.Contains(
            "SamplesPerBlock is not set",
            Assert.Throws<ArgumentException>(() => new Shard(0, 2).Cut(s_whole with { SamplesPerBlock = null })).Message
        );
        Assert.Contains(
            "multiples of it",
            Assert.Throws<ArgumentException>(() => new Shard(0, 2).Cut(s_whole with { SamplesPerBlock = 48 })).Message
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shard(2, 2));
    }

    [Fact]
    public void A_shard_without_a_store_is_named_when_all_are_joined() =>
        Assert.Contains(
            "Shard 0/2 has no store",
            Assert.Throws<FileNotFoundException>(() => Shard.Merge(Path.Combine(Path.GetTempPath(), "vbon-none.db"), 2)).Message
        );

    private static Shard From(string variables) =>
        Shard.From(
            variables
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split('='))
                .ToDictionary(pair => pair[0], pair => pair[1])
                .GetValueOrDefault
        );

    [Fact]
    public void The_store_of_a_shard_stands_beside_that_of_the_table()
    {
        var shard = Shard.Parse("3/7");

        Assert.Equal((3, 7), (shard.Index, shard.Count));
        Assert.Equal(Path.Combine("runs", "references.3-of-7.db"), shard.StorePath(s_whole.Store!));
        Assert.Equal("table.3-of-7", shard.StorePath("table"));
        Assert.Equal(shard.StorePath(s_whole.Store!), shard.Cut(s_whole).Store);
    }
}
