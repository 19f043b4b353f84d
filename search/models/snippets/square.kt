// RGB values 0 to 255, height x width x 3, upright -> size x size x 3. As Pillow's bilinear resizing with antialiasing.
// This was not compiled by the project that wrote it. Bitmap.createScaledBitmap is no substitute: no antialiasing.
fun square(rgb: IntArray, height: Int, width: Int, size: Int, crop: Boolean): IntArray {
    val side = minOf(height, width)
    fun weights(count: Int): List<Pair<Int, List<Double>>> {
        val start = if (crop) (count - side) / 2.0 else 0.0
        val scale = (if (crop) side else count).toDouble() / size
        val reach = maxOf(scale, 1.0)
        return List(size) { place ->
            val center = start + (place + 0.5) * scale
            val first = maxOf(Math.floor(center - reach + 0.5).toInt(), 0)
            val last = minOf(Math.floor(center + reach + 0.5).toInt(), count)
            val found = (first until last).map { maxOf(1 - Math.abs(it + 0.5 - center) / reach, 0.0) }
            first to found.map { it / found.sum() }
        }
    }
    fun pass(
        source: IntArray, lines: List<Pair<Int, List<Double>>>, offset: Int, step: Int,
        result: IntArray, start: Int, next: Int,
    ) {
        for ((place, line) in lines.withIndex()) for (channel in 0 until 3) {
            var sum = 0.5
            for ((index, weight) in line.second.withIndex())
                sum += weight * source[offset + (line.first + index) * step + channel]
            result[start + place * next + channel] = sum.toInt()
        }
    }
    val across = weights(width)
    val down = weights(height)
    val narrow = IntArray(height * size * 3)
    val result = IntArray(size * size * 3)
    for (y in 0 until height) pass(rgb, across, y * width * 3, 3, narrow, y * size * 3, 3)
    for (x in 0 until size) pass(narrow, down, x * 3, size * 3, result, x * 3, size * 3)
    return result
}
