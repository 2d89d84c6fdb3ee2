namespace Spoco.Kernels.Primitives;

/// <summary>
/// Group normalisation on the host. Work is cut into chunks that depend on the shape alone; sums within a chunk are those of
/// <see cref="ChannelColumns"/>, everything above it is double precision in the order of the chunks.
/// </summary>
internal sealed unsafe class GroupNormHost : GroupNormAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in GroupNormShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Statistics(
        GroupNormShape shape, float eps, DeviceBuffer<float> x, DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        RunningStatistics running)
    {
        var host = x.Device.Host;
        var chunks = new Chunks(shape);
        using var means = new Scratch<float>(host, (long)chunks.RowLength * host.Workers.Workers);
        using var columns = new Scratch<double>(host, 2L * chunks.RowLength * host.Workers.Workers);
        using var partials = new Scratch<double>(host, 2L * chunks.Count * shape.Groups);
        host.Workers.RunPieces(chunks.Count, new StatisticsBody(shape, chunks, x.HostAddress, means.Address, columns.Address, partials.Address));
        host.Workers.Run(shape.Statistics, new MergeBody(shape, chunks, partials.Address, eps, mean.HostAddress, rstd.HostAddress,
            running.Mean.HostAddress, running.Variance.HostAddress, running.Momentum), MinimumSetsPerWorker(chunks));
    }

    /// <inheritdoc/>
    public override void Normalize(
        GroupNormShape shape, DeviceBuffer<float> x, DeviceBuffer<float> gamma, DeviceBuffer<float> beta,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd, DeviceBuffer<float> y)
    {
        var host = x.Device.Host;
        var chunks = new Chunks(shape);
        var length = chunks.RowLength;
        using var patterns = new Scratch<float>(host, 3L * length * shape.Images);
        for (var n = 0; n < shape.Images; n++)
        {
            var pattern = patterns.Address + 3L * length * n;
            for (var j = 0; j < length; j++)
            {
                var c = j % shape.Channels;
                var set = n * shape.Groups + c / shape.ChannelsPerGroup;
                pattern[j] = mean.HostAddress[set];
                pattern[length + j] = rstd.HostAddress[set] * gamma.HostAddress[c];
                pattern[2 * length + j] = beta.HostAddress[c];
            }
        }

        host.Workers.RunPieces(chunks.Count, new NormalizeBody(chunks, x.HostAddress, y.HostAddress, patterns.Address));
    }

    /// <inheritdoc/>
    public override void Backward(
        GroupNormShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> x, DeviceBuffer<float> gamma,
        DeviceBuffer<float> mean, DeviceBuffer<float> rstd,
        DeviceBuffer<float> dx, DeviceBuffer<float> dgamma, DeviceBuffer<float> dbeta, bool constantStatistics)
    {
        var host = x.Device.Host;
        var channels = shape.Images * shape.Channels;
        using var lines = new Scratch<float>(host, 4L * channels);
        using var sums = new Scratch<double>(host, 2L * channels);
        var line = new ChannelLines(lines.Address, channels);
        for (var i = 0; i < channels; i++)
            line.Means[i] = mean.HostAddress[i / shape.Channels * shape.Groups + i % shape.Channels / shape.ChannelsPerGroup];
        if (!constantStatistics || !dgamma.IsNull || !dbeta.IsNull)
        {
            Sums(host, shape, dy.HostAddress, x.HostAddress, line.Means, sums.Address);
            ParameterGradients(shape, sums.Address, rstd.HostAddress, dgamma.HostAddress, dbeta.HostAddress);
        }

        if (dx.IsNull)
            return;
        InputLines(shape, constantStatistics, sums.Address, gamma.HostAddress, rstd.HostAddress, line);
        Combine(host, shape, dy.HostAddress, x.HostAddress, line, dx.HostAddress);
    }

    /// <summary>Mean and sum of squared deviations from it of every image and channel, as pairs.</summary>
    public static void Moments(HostDevice host, GroupNormShape shape, float* x, double* moments)
    {
        shape = shape with { Groups = shape.Channels };
        var chunks = new Chunks(shape);
        using var means = new Scratch<float>(host, (long)chunks.RowLength * host.Workers.Workers);
        using var columns = new Scratch<double>(host, 2L * chunks.RowLength * host.Workers.Workers);
        using var partials = new Scratch<double>(host, 2L * chunks.Count * shape.Groups);
        host.Workers.RunPieces(chunks.Count, new StatisticsBody(shape, chunks, x, means.Address, columns.Address, partials.Address));
        host.Workers.Run(shape.Statistics, new MomentsBody(shape, chunks, partials.Address, moments), MinimumSetsPerWorker(chunks));
    }

    /// <summary>sum dy and sum dy (x - mean) of every image and channel, as pairs.</summary>
    public static void Sums(HostDevice host, GroupNormShape shape, float* dy, float* x, float* means, double* sums)
    {
        var chunks = new Chunks(shape);
        using var patterns = new Scratch<float>(host, (long)chunks.RowLength * shape.Images);
        Repeat(means, shape, chunks, patterns.Address, chunks.RowLength);
        using var columns = new Scratch<double>(host, 2L * chunks.RowLength * host.Workers.Workers);
        using var partials = new Scratch<double>(host, 2L * chunks.Count * shape.Channels);
        host.Workers.RunPieces(chunks.Count, new SumBody(shape, chunks, dy, x, patterns.Address, columns.Address, partials.Address));
        host.Workers.Run(shape.Images * shape.Channels, new AddBody(shape, chunks, partials.Address, sums), MinimumSetsPerWorker(chunks));
    }

    /// <summary>dx = dy scale + (x - mean) slope + offset, each per image and channel; dx may be dy.</summary>
    public static void Combine(HostDevice host, GroupNormShape shape, float* dy, float* x, ChannelLines lines, float* dx)
    {
        var chunks = new Chunks(shape);
        var length = chunks.RowLength;
        using var patterns = new Scratch<float>(host, 4L * length * shape.Images);
        Repeat(lines.Means, shape, chunks, patterns.Address, 4 * length);
        Repeat(lines.Scales, shape, chunks, patterns.Address + length, 4 * length);
        Repeat(lines.Slopes, shape, chunks, patterns.Address + 2 * length, 4 * length);
        Repeat(lines.Offsets, shape, chunks, patterns.Address + 3 * length, 4 * length);
        host.Workers.RunPieces(chunks.Count, new InputBody(chunks, dy, x, dx, patterns.Address));
    }

    /// <summary>Writes the values of an image's channels under every column of a row.</summary>
    private static void Repeat(float* values, GroupNormShape shape, Chunks chunks, float* patterns, int stride)
    {
        for (var n = 0; n < shape.Images; n++)
        {
            for (var j = 0; j < chunks.RowLength; j++)
                patterns[(long)n * stride + j] = values[n * shape.Channels + j % shape.Channels];
        }
    }

    private static int MinimumSetsPerWorker(Chunks chunks) => Math.Max(1, 8192 / chunks.PerImage);

    private static void ParameterGradients(GroupNormShape shape, double* sums, float* rstd, float* dgamma, float* dbeta)
    {
        for (var c = 0; c < shape.Channels; c++)
        {
            double sum = 0, product = 0;
            for (var n = 0; n < shape.Images; n++)
            {
                var s = sums + 2L * (n * shape.Channels + c);
                sum += s[0];
                product += s[1] * rstd[n * shape.Groups + c / shape.ChannelsPerGroup];
            }

            if (dgamma is not null)
                dgamma[c] = (float)product;
            if (dbeta is not null)
                dbeta[c] = (float)sum;
        }
    }

    /// <summary>dx = scale dy + slope (x - mean) + offset: the three numbers of every image and channel.</summary>
    private static void InputLines(GroupNormShape shape, bool constantStatistics, double* sums, float* gamma, float* rstd, ChannelLines lines)
    {
        for (var set = 0; set < shape.Statistics; set++)
        {
            var first = set / shape.Groups * shape.Channels + set % shape.Groups * shape.ChannelsPerGroup;
            var scales = gamma + first % shape.Channels;
            double r = rstd[set], average = 0, correlation = 0;
            for (var c = 0; c < shape.ChannelsPerGroup && !constantStatistics; c++)
            {
                var s = sums + 2L * (first + c);
                average += scales[c] * s[0] / shape.ValuesPerGroup;
                correlation += scales[c] * s[1] / shape.ValuesPerGroup;
            }

            for (var c = 0; c < shape.ChannelsPerGroup; c++)
            {
                lines.Scales[first + c] = (float)(r * scales[c]);
                lines.Slopes[first + c] = (float)(-r * r * r * correlation);
                lines.Offsets[first + c] = (float)(-r * average);
            }
        }
    }

    /// <summary>Memory for the time of a call.</summary>
    private readonly struct Scratch<T>(HostDevice host, long length) : IDisposable where T : unmanaged
    {
        private readonly DeviceBuffer<T> _buffer = host.Allocate<T>(length, nameof(GroupNorm));

        public T* Address => _buffer.HostAddress;

        public void Dispose() => _buffer.Memory.Dispose();
    }

    /// <summary>
    /// Cuts every image into chunks of whole rows (see <see cref="ChannelColumns"/>), and one last chunk of the voxels that do not fill a row.
    /// A chunk is long enough to make what is done per chunk and column negligible.
    /// </summary>
    private readonly struct Chunks
    {
        private const int TargetLength = 16 * 1024;
        private const int MinimumVoxels = 64;
        private readonly GroupNormShape _shape;
        private readonly int _rows;
        private readonly int _rowsPerChunk;
        private readonly int _voxelsPerRow;
        private readonly int _whole;

        public Chunks(GroupNormShape shape)
        {
            _shape = shape;
            RowLength = ChannelColumns.RowLength(shape.Channels);
            _rows = (int)(shape.ImageLength / RowLength);
            _voxelsPerRow = RowLength / shape.Channels;
            _rowsPerChunk = Math.Max(Math.Max(TargetLength / RowLength, 1), (MinimumVoxels + _voxelsPerRow - 1) / _voxelsPerRow);
            _whole = (_rows + _rowsPerChunk - 1) / _rowsPerChunk;
            PerImage = _whole + ((long)_rows * RowLength < shape.ImageLength ? 1 : 0);
        }

        public int RowLength { get; }

        public int PerImage { get; }

        public int Count => PerImage * _shape.Images;

        public Chunk this[int index]
        {
            get
            {
                var image = index / PerImage;
                var chunk = index - image * PerImage;
                var row = chunk < _whole ? chunk * _rowsPerChunk : _rows;
                var offset = image * _shape.ImageLength + (long)row * RowLength;
                return chunk < _whole
                    ? new Chunk(image, offset, Math.Min(_rowsPerChunk, _rows - row), RowLength)
                    : new Chunk(image, offset, Voxels(chunk), _shape.Channels);
            }
        }

        /// <summary>Voxels of a chunk, counted from the first of its image.</summary>
        public int Voxels(int chunk) => chunk < _whole
            ? Math.Min(_rowsPerChunk, _rows - chunk * _rowsPerChunk) * _voxelsPerRow
            : _shape.Voxels - _rows * _voxelsPerRow;
    }

    /// <summary>
    /// A matrix of whole voxels: <paramref name="Rows"/> rows of <paramref name="Length"/> values from <paramref name="Offset"/> on.
    /// </summary>
    private readonly record struct Chunk(int Image, long Offset, int Rows, int Length);

    /// <summary>
    /// Mean and sum of squared deviations of every group in a chunk, from sums around the mean of the chunk's first eighth. That mean is near enough:
    /// n (mean of k - mean of n)^2 is no more than n / k times the squares looked for, so that neither a large common offset nor stray first values
    /// cost accuracy.
    /// </summary>
    private readonly struct StatisticsBody(
        GroupNormShape shape, Chunks chunks, float* x, float* centres, double* columns, double* partials) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var means = centres + (long)chunks.RowLength * worker;
            var residuals = columns + 2L * chunks.RowLength * worker;
            var squares = residuals + chunks.RowLength;
            var perGroup = shape.ChannelsPerGroup;
            for (var i = from; i < until; i++)
            {
                var chunk = chunks[i];
                var sample = (chunk.Rows + 7) / 8;
                var perSample = 1.0 / ((long)sample * chunk.Length / shape.Groups);
                var perValue = 1.0 / ((long)chunk.Rows * chunk.Length / shape.Groups);
                ChannelColumns.Sum(x + chunk.Offset, sample, chunk.Length, residuals);
                for (var c = 0; c < shape.Channels; c += perGroup)
                    Spread(means + c, chunk.Length - c, perGroup, (float)(Total(residuals + c, chunk.Length - c, perGroup) * perSample));
                ChannelColumns.SumCentered(x + chunk.Offset, chunk.Rows, chunk.Length, means, residuals, squares);
                var partial = partials + 2L * i * shape.Groups;
                for (var c = 0; c < shape.Channels; c += perGroup, partial += 2)
                {
                    var residual = Total(residuals + c, chunk.Length - c, perGroup);
                    partial[0] = means[c] + residual * perValue;
                    partial[1] = Total(squares + c, chunk.Length - c, perGroup) - residual * residual * perValue;
                }
            }
        }

        /// <summary>Adds up the columns of one group, the first of which is at <paramref name="sums"/>.</summary>
        private double Total(double* sums, int length, int count)
        {
            var total = 0.0;
            for (var j = 0; j < length; j += shape.Channels)
            {
                for (var c = 0; c < count; c++)
                    total += sums[j + c];
            }

            return total;
        }

        private void Spread(float* means, int length, int count, float mean)
        {
            for (var j = 0; j < length; j += shape.Channels)
            {
                for (var c = 0; c < count; c++)
                    means[j + c] = mean;
            }
        }
    }

    /// <summary>Joins the chunks of an image: the deviation from the common mean is that within the chunks plus that of their means.</summary>
    private readonly struct MergeBody(
        GroupNormShape shape, Chunks chunks, double* partials, float eps, float* mean, float* rstd,
        float* runningMean, float* runningVariance, float momentum) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var perGroup = shape.ChannelsPerGroup;
            for (var set = from; set < until; set++)
            {
                var image = partials + 2L * ((long)set / shape.Groups * chunks.PerImage * shape.Groups + set % shape.Groups);
                var stride = 2L * shape.Groups;
                double sum = 0, squares = 0;
                for (var i = 0; i < chunks.PerImage; i++)
                    sum += chunks.Voxels(i) * image[i * stride];
                var average = sum / shape.Voxels;
                for (var i = 0; i < chunks.PerImage; i++)
                {
                    var difference = image[i * stride] - average;
                    squares += image[i * stride + 1] + (double)chunks.Voxels(i) * perGroup * difference * difference;
                }

                mean[set] = (float)average;
                rstd[set] = (float)(1 / Math.Sqrt(squares / shape.ValuesPerGroup + eps));
                if (runningMean is null)
                    continue;
                runningMean[set] = (float)((1.0 - momentum) * runningMean[set] + momentum * average);
                runningVariance[set] = (float)((1.0 - momentum) * runningVariance[set] + momentum * squares / (shape.ValuesPerGroup - 1));
            }
        }
    }

    /// <summary>Joins the chunks of a channel.</summary>
    private readonly struct MomentsBody(GroupNormShape shape, Chunks chunks, double* partials, double* moments) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var stride = 2L * shape.Groups;
            for (var set = from; set < until; set++)
            {
                var image = partials + 2L * ((long)set / shape.Groups * chunks.PerImage * shape.Groups + set % shape.Groups);
                double sum = 0, squares = 0;
                for (var i = 0; i < chunks.PerImage; i++)
                    sum += chunks.Voxels(i) * image[i * stride];
                var average = sum / shape.Voxels;
                for (var i = 0; i < chunks.PerImage; i++)
                {
                    var difference = image[i * stride] - average;
                    squares += image[i * stride + 1] + chunks.Voxels(i) * difference * difference;
                }

                (moments[2L * set], moments[2L * set + 1]) = (average, squares);
            }
        }
    }

    private readonly struct NormalizeBody(Chunks chunks, float* x, float* y, float* patterns) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            // Backwards: the statistics were read forwards, and their end is still in the cache.
            for (var i = until - 1; i >= from; i--)
            {
                var chunk = chunks[i];
                var pattern = patterns + 3L * chunks.RowLength * chunk.Image;
                ChannelColumns.ScaleCentered(x + chunk.Offset, y + chunk.Offset, chunk.Rows, chunk.Length,
                    pattern, pattern + chunks.RowLength, pattern + 2 * chunks.RowLength);
            }
        }
    }

    /// <summary>sum dy and sum dy (x - mean) per chunk and channel.</summary>
    private readonly struct SumBody(
        GroupNormShape shape, Chunks chunks, float* dy, float* x, float* patterns, double* columns, double* partials) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var sums = columns + 2L * chunks.RowLength * worker;
            var products = sums + chunks.RowLength;
            for (var i = from; i < until; i++)
            {
                var chunk = chunks[i];
                ChannelColumns.SumProducts(dy + chunk.Offset, x + chunk.Offset, chunk.Rows, chunk.Length,
                    patterns + (long)chunks.RowLength * chunk.Image, sums, products);
                var partial = partials + 2L * i * shape.Channels;
                for (var c = 0; c < shape.Channels; c++)
                {
                    double sum = 0, product = 0;
                    for (var j = c; j < chunk.Length; j += shape.Channels)
                    {
                        sum += sums[j];
                        product += products[j];
                    }

                    partial[2 * c] = sum;
                    partial[2 * c + 1] = product;
                }
            }
        }
    }

    private readonly struct AddBody(GroupNormShape shape, Chunks chunks, double* partials, double* sums) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var set = from; set < until; set++)
            {
                var partial = partials + 2L * ((long)set / shape.Channels * chunks.PerImage * shape.Channels + set % shape.Channels);
                double sum = 0, product = 0;
                for (var i = 0; i < chunks.PerImage; i++, partial += 2L * shape.Channels)
                {
                    sum += partial[0];
                    product += partial[1];
                }

                sums[2L * set] = sum;
                sums[2L * set + 1] = product;
            }
        }
    }

    private readonly struct InputBody(Chunks chunks, float* dy, float* x, float* dx, float* patterns) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var i = until - 1; i >= from; i--)
            {
                var chunk = chunks[i];
                var length = chunks.RowLength;
                var pattern = patterns + 4L * length * chunk.Image;
                ChannelColumns.Combine(dy + chunk.Offset, x + chunk.Offset, dx + chunk.Offset, chunk.Rows, chunk.Length,
                    pattern, pattern + length, pattern + 2 * length, pattern + 3 * length);
            }
        }
    }
}
