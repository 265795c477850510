using VariationalBoN.Evaluation;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
public sealed class GuardCheckpointTests : IDisposable
{
    private const int Steps = 36;
    private readonly string _folder = Directory.CreateTempSubdirectory("guard-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_guard_that_goes_on_raises_what_one_that_was_never_stopped_raises()
    {
        GuardAlarm[] whole = Observe(Guard(window: 3), 0, Steps);
        Assert.Equal(
            [
                GuardAlarmKind.CollapsedDiversity,
                GuardAlarmKind.NotANumber,
                GuardAlarmKind.AcceleratingKl,
                GuardAlarmKind.CollapsedDiversity,
            ],
            whole.Select(alarm => alarm.Kind)
        );

        for (int kill = 0; kill <= Steps; kill++)
        {
            string folder = Path.Combine(_folder, $"{kill}");
            var alarms = new List<GuardAlarm>();
            TrainingGuard first = Guard(window: 3),
                second = Guard(window: 3);
            using (var checkpoints = new Checkpoints(folder).Add("guard", first))
            {
                alarms.AddRange(Observe(first, 0, kill));
                checkpoints.Save(kill);
                Observe(first, kill, Steps); // lost by the kill
            }

            using var again = new Checkpoints(folder).Add("guard", second);
            again.Restore();
            alarms.AddRange(Observe(second, kill, Steps));
            Assert.Equal(whole, alarms);
        }
    }

    [Fact]
    public void A_guard_of_another_window_is_refused_before_anything_changes()
    {
        byte state = 1;
        using (var checkpoints = With(Guard(window: 3)))
            checkpoints.Save(1);
        state = 2;

        using var other = With(Guard(window: 4));
        var refused = Assert.Throws<InvalidDataException>(() => other.Restore());

        Assert.Contains(Path.Combine("step-00000001", "guard.json"), refused.Message, StringComparison.Ordinal);
        Assert.Contains("Window = 3", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, state);

        Checkpoints With(TrainingGuard guard) =>
            new Checkpoints(_folder)
                .Add("state", stream => stream.WriteByte(state), stream => state = (byte)stream.ReadByte())
                .Add("guard", guard);
    }

    private static TrainingGuard Guard(int window) => new(8, 256, new GuardOptions { Window = window, Stop = _ => false });

    private static GuardAlarm[] Observe(TrainingGuard guard, int from, int to) =>
        [.. Enumerable.Range(from, to - from).SelectMany(step => guard.Observe(step, Numbers(step)))];

    /// <summary>A run that collapses, gets well, has two steps without numbers, runs away and collapses again.</summary>
    private static StepMetrics Numbers(int step)
    {
        var kl = new Estimate(
            step < 18 ? 0.1 : Math.Min(0.1 * Math.Exp((step - 18) / 3.0), 5),
            step % 5 == 0 ? double.PositiveInfinity : 0.3,
            1
        );
        return new StepMetrics
        {
            Reward = new Estimate(step / 3.0, 0.1, 1),
            Kl = new KlEstimates
            {
                K1 = kl,
                K2 = kl,
                K3 = kl,
            },
            ObjectiveGap = new Estimate(1, 0.1, 1),
            Entropy = 1 + (0.1 * Math.Sin(step)),
            Diversity = step is (>= 5 and < 12) or >= 33 ? 0.05 : 1,
            SaturatedShare = null,
            Length = 16,
            TruncatedShare = 0,
            Excluded = 0,
            Loss = step is 14 or 15 ? double.NaN : 0.5,
        };
    }
}
