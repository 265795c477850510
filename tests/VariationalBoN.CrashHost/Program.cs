using VariationalBoN.CrashHost;

return args switch
{
    ["train", var folder, var steps] => await TrainingJob.RunAsync(
        folder,
        int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture)
    ),
    ["store", var path, var journal, var flush] => await StoreJob.RunAsync(path, journal, flush == "flush"),
    ["shard", var path, var shard] => await ShardJob.RunAsync(path, shard),
    ["fill", var path, var prompts] => OpenJob.Fill(path, int.Parse(prompts, System.Globalization.CultureInfo.InvariantCulture)),
    ["open", var path] => OpenJob.Open(path),
    ["open-store", var path] => OpenJob.OpenStore(path),
    ["hold", var path] => StoreJob.Hold(path),
    ["save", var what, var folder, var numbers] => SaveJob.Run(what, folder, numbers),
    ["runtime", .. var steps] => RuntimeJob.Run(steps),
    ["move", var folder, var other] => SaveJob.Move(folder, other),
    ["stress", var golden, var calls, var threads, .. var filter] => StressJob.Run(
        golden,
        int.Parse(calls, System.Globalization.CultureInfo.InvariantCulture),
        int.Parse(threads, System.Globalization.CultureInfo.InvariantCulture),
        filter is [var one] ? one : ""
    ),
    _ => throw new ArgumentException($"Unknown job: {string.Join(' ', args)}"),
};
