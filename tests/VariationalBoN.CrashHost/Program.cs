using VariationalBoN.CrashHost;

return args switch
{
    ["train", var folder, var steps] => await TrainingJob.RunAsync(folder, int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture)),
    _ => throw new ArgumentException($"Unknown job: {string.Join(' ', args)}"),
};
