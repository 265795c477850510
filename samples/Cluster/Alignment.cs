using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Weights;

namespace Cluster;

/// <summary>Aligns the model to Best-of-8, wherever it is drawn and computed,
/// and keeps every number with all its digits. Stateless.</summary>
internal static class Alignment
{
    private const int CheckpointEvery = 5,
        RowEvery = 4,
        EvaluationCompletions = 32;

    /// <summary>Runs, or goes on from the store and the last checkpoint of the folder.</summary>
    /// <param name="world">Models, judge, prompts.</param>
    /// <param name="engine">Where it is drawn and computed.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="folder">Store and checkpoints.</param>
    /// <param name="say">Told how far it is.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The table of the run: a name and a number with all its digits to each row.</returns>
    public static async Task<List<Row>> RunAsync(
        ReviewWorld world,
        IEngine engine,
        Settings settings,
        string folder,
        Action<string> say,
        CancellationToken cancellationToken
    )
    {
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = settings.SamplesPerPrompt,
            SamplesPerBlock = settings.SamplesPerPrompt,
            PromptsPerBatch = Settings.PromptsPerBlock,
            BatchesAtOnce = engine.BlocksAtOnce,
            Seed = Settings.Seed,
            Store = Path.Combine(folder, "references.db"),
        };
        using ReferenceTable table = await ReferenceTable.EstimateAsync(
            engine.Reference,
            [.. world.TrainPrompts, .. world.HeldOutPrompts],
            options,
            cancellationToken
        );
        say("the table of reference rewards is there");
        EmpiricalRows rows = EmpiricalRows.Of(table);
        var bestOfN = table.BestOf(Settings.N);
        var objective = new ExactObjective(bestOfN);
        var order = new PromptOrder(world.TrainPrompts, Settings.Seed);
        var schedule = new LearningRateSchedule
        {
            Peak = 1e-3,
            Steps = settings.Steps,
            WarmUpSteps = Math.Min(10, settings.Steps / 2),
            FinalPart = 0.1,
        };
        using var adam = new Adam(world.Network.parameters(), 1e-3, beta2: 0.95);
        using var checkpoints = new Checkpoints(
            Path.Combine(folder, "checkpoints"),
            new
            {
                settings.Steps,
                settings.SamplesPerPrompt,
                settings.TrainPrompts,
            }
        );
        checkpoints.Add("policy", world.Network).Add("adam", adam).Add("rows", rows.Save, rows.Load);
        for (long step = checkpoints.Restore(); step < settings.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await engine.ReadyAsync(step, cancellationToken);
            ScoredBatch scored = await engine.RolloutsAsync(
                order.From(step * Settings.PromptsPerStep, Settings.PromptsPerStep),
                Settings.CompletionsPerPrompt,
                (Settings.Seed * 1_000_003) + step,
                cancellationToken
            );
            adam.ZeroGrad();
            AccumulatedLoss loss = await engine.BackwardAsync(scored, objective.LogTargets(scored), cancellationToken);
            torch.nn.utils.clip_grad_norm_(world.Network.parameters(), 1);
            adam.SetLearningRate(schedule.At(step));
            adam.Step();
            if (step % RowEvery == 0 || step == settings.Steps - 1)
            {
                rows.Add($"step {step + 1}, loss", loss.Value);
                rows.Add($"step {step + 1}, mean reward", scored.Average(item => item.Reward));
            }

            if ((step + 1) % CheckpointEvery == 0)
                checkpoints.Save(step + 1);
            double mean = scored.Average(item => item.Reward);
            say(FormattableString.Invariant($"step {step + 1} of {settings.Steps}, mean reward {mean:0.00}"));
        }

        EvaluationReport report = await new Evaluator(world.Scorer, table).EvaluateAsync(
            world.Policy,
            world.HeldOutPrompts,
            EvaluationCompletions,
            Settings.Seed,
            bestOfN,
            cancellationToken
        );
        rows.Add("held out, reward", report.Reward.Value);
        rows.Add("held out, win rate", report.WinRate.Value);
        rows.Add("held out, KL", report.Kl.Value);
        string weights = Path.Combine(folder, "policy.safetensors");
        Safetensors.Save(weights, world.Network);
        rows.Add("weights, SHA-256", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(weights))));
        return rows.All;
    }

    /// <summary>The rows so far: part of a checkpoint, so that a run that goes on has those of before.</summary>
    private sealed class EmpiricalRows
    {
        public List<Row> All { get; private set; } = [];

        public static EmpiricalRows Of(ReferenceTable table)
        {
            var rows = new EmpiricalRows();
            rows.Add("reference, mean reward", table.Prompts.Average(prompt => prompt.Rewards.Average()));
            var all = new StringBuilder();
            foreach (ReferencePrompt prompt in table.Prompts)
            {
                foreach (ScoredCompletion sample in prompt.Samples)
                    all.Append(
                        CultureInfo.InvariantCulture,
                        $"{prompt.Prompt}\n{sample.Completion.Text}\n{sample.Reward:R} {sample.LogReference:R}\n"
                    );
            }

            rows.Add(
                "reference, SHA-256 of all samples",
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())))
            );
            return rows;
        }

        public void Add(string name, double value) => Add(name, value.ToString("R", CultureInfo.InvariantCulture));

        public void Add(string name, string value) => All.Add(new Row(name, value));

        public void Save(Stream stream) => JsonSerializer.Serialize(stream, All);

        public void Load(Stream stream) => All = JsonSerializer.Deserialize<List<Row>>(stream)!;
    }
}

/// <summary>A number of a run, with all its digits.</summary>
internal sealed record Row(string Name, string Value);
